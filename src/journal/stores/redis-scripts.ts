/**
 * How the journal lies in Redis, all of it in one slot of a cluster; BASE is its key:
 *
 *     BASE:CLASS:head      hash: the segment and chunk that are written to, and their bytes
 *     BASE:CLASS:segments  sorted set of segments by when they were begun; one ends after a day, or a sixteenth of the bound
 *     BASE:CLASS:bytes     hash: segment -> bytes
 *     BASE:CLASS:SEGMENT   sorted set of the segment's chunks by when they were begun
 *     BASE:CLASS:c:CHUNK   text: frames, one behind the other
 *     BASE:CLASS:t:SEGMENT:BUCKET  text: lines of a chunk and the terms of that bucket that it holds
 *     BASE:n:minute:BLOCK, BASE:n:hour:BLOCK  hash: `AT CONTRACT` -> [queue, counts], with the sums of queues and of all; a block has 60 minutes, or a day
 *     BASE:marks           sorted set of marks by time
 *     BASE:d:BLOCK         hash: `AT QUEUE` -> depth
 *     BASE:u:BLOCK         hash: AT -> what has not ended of all queues together
 *     BASE:writers         sorted set of processes by when they last wrote
 *
 * What is dropped for want of room is dropped a whole segment at a time.
 */

/** KEYS: a chunk. ARGV: its text, another one. */
export const REWRITE = /* lua */ `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1
`;

/**
 * KEYS: 1 BASE. ARGV: now, writer, how long things stay, most bytes of failures, of successes, CHUNK_MS, CHUNK_BYTES, how many marks stay;
 * then parts, each with its kind in front:
 *   f CLASS TEXT N (BUCKET MARKS) * N,  n KEY TTL FIELD QUEUE COUNTS,  m AT TEXT,  d BLOCK TTL AT QUEUE UNFINISHED DEPTH.
 * Answers how many bytes of successes there are, and how many processes write.
 */
export const APPEND = /* lua */ `
local base, now, writer = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local keep, most = tonumber(ARGV[3]), { failed = tonumber(ARGV[4]), succeeded = tonumber(ARGV[5]) }
local chunkMs, chunkBytes, marksKept = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local at = 9
local function arg() at = at + 1; return ARGV[at - 1] end
local call = redis.call

local function dropSegment(own, segment)
  local list = own .. ':' .. segment
  local ids = call('ZRANGE', list, 0, -1)
  for i = 1, #ids, 500 do
    local keys = {}
    for j = i, math.min(i + 499, #ids) do keys[#keys + 1] = own .. ':c:' .. ids[j] end
    call('UNLINK', unpack(keys))
  end
  local keys = { list }
  for bucket = 0, 255 do keys[#keys + 1] = own .. ':t:' .. segment .. ':' .. bucket end
  call('UNLINK', unpack(keys))
  call('ZREM', own .. ':segments', segment)
  call('HDEL', own .. ':bytes', segment)
end

local function makeRoom(own, class)
  local segments = call('ZRANGE', own .. ':segments', 0, -1)
  local total = 0
  for _, bytes in ipairs(call('HVALS', own .. ':bytes')) do total = total + tonumber(bytes) end
  for _, segment in ipairs(segments) do
    if total <= most[class] * 15 / 16 and tonumber(segment) >= now - keep then return end
    total = total - tonumber(call('HGET', own .. ':bytes', segment) or 0)
    dropSegment(own, segment)
  end
end

local function put(class, text)
  local own = base .. ':' .. class
  local head = call('HMGET', own .. ':head', 'segment', 'chunk', 'bytes', 'segmentBytes')
  local segment, chunk = tonumber(head[1]), tonumber(head[2])
  local bytes, segmentBytes = tonumber(head[3]) or 0, tonumber(head[4]) or 0
  if not segment or now - segment >= 86400000 or segmentBytes >= most[class] / 16 then
    makeRoom(own, class)
    segment = math.max(now, (segment or 0) + 1)
    call('ZADD', own .. ':segments', segment, string.format('%.0f', segment))
    bytes, segmentBytes = chunkBytes, 0
  end
  local name = string.format('%.0f', segment)
  if not chunk or now - chunk >= chunkMs or bytes >= chunkBytes then
    chunk = math.max(now, (chunk or 0) + 1)
    bytes = 0
    local id = string.format('%.0f', chunk)
    call('ZADD', own .. ':' .. name, chunk, id)
    call('PEXPIRE', own .. ':' .. name, keep + 86400000)
    call('SET', own .. ':c:' .. id, '', 'PX', keep + 86400000)
  end
  local id = string.format('%.0f', chunk)
  call('APPEND', own .. ':c:' .. id, text .. '\\n')
  local added = #text + 1
  local line = '\\n' .. id .. ' '
  for _ = 1, tonumber(arg()) do
    local key = own .. ':t:' .. name .. ':' .. arg()
    local marks = arg()
    added = added + #line + #marks
    if call('APPEND', key, line .. marks) == #line + #marks then call('PEXPIRE', key, keep + 86400000) end
  end
  call('HSET', own .. ':head', 'segment', name, 'chunk', id, 'bytes', bytes + #text + 1, 'segmentBytes', segmentBytes + added)
  call('HINCRBY', own .. ':bytes', name, added)
end

local function add(into, more)
  for key, count in pairs(more) do into[key] = (into[key] or 0) + count end
end

local function countIn(key, ttl, field, queue, written)
  local before = call('HGET', key, field)
  if before then
    local known, more = cjson.decode(before)[2], cjson.decode(written)
    add(known[1], more[1])
    add(known[2], more[2])
    add(known[3], more[3])
    written = cjson.encode(known)
  end
  if call('HSET', key, field, '[' .. cjson.encode(queue) .. ',' .. written .. ']') == 1 then call('PEXPIRE', key, ttl) end
end

while at <= #ARGV do
  local kind = arg()
  if kind == 'f' then
    local class = arg()
    put(class, arg())
  elseif kind == 'n' then
    local key, ttl, field, queue = base .. ':n:' .. arg(), arg(), arg(), arg()
    countIn(key, ttl, field, queue, arg())
  elseif kind == 'm' then
    local when = arg()
    if call('ZADD', base .. ':marks', when, arg()) == 1 then
      call('ZREMRANGEBYSCORE', base .. ':marks', '-inf', now - keep)
      call('ZREMRANGEBYRANK', base .. ':marks', 0, -marksKept - 1)
    end
  else
    local block, ttl, when, queue, unfinished = arg(), arg(), arg(), arg(), arg()
    if call('HSETNX', base .. ':d:' .. block, when .. ' ' .. queue, arg()) == 1 then
      call('HINCRBY', base .. ':u:' .. block, when, unfinished)
      call('PEXPIRE', base .. ':d:' .. block, ttl)
      call('PEXPIRE', base .. ':u:' .. block, ttl)
    end
  end
end
call('ZADD', base .. ':writers', now, writer)
call('ZREMRANGEBYSCORE', base .. ':writers', '-inf', now - 60000)
local total = 0
for _, bytes in ipairs(call('HVALS', base .. ':succeeded:bytes')) do total = total + tonumber(bytes) end
return { total, call('ZCARD', base .. ':writers') }
`;
