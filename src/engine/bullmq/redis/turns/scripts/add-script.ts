import { CLAIM_KEY } from './claim-key.ts';
import { DELAY_JOB } from './delay-job.ts';
import { PARK_JOBS } from './park-jobs.ts';
import { PLACE_JOB } from './place-job.ts';
import { REMEMBERED_MS } from './prelude.ts';
import { TAG_INDEX } from './tag-scripts.ts';

export const ADD_KEYS = ['wait', 'active', 'prioritized', 'events', 'delayed', 'meta', 'pc', 'marker', 'id'] as const;

/**
 * Leans on BullMQ 6.7's addStandardJob-9, addPrioritizedJob-9, addDelayedJob-6 and their includes, for many jobs that have an id, no parent and no
 * deduplication that replaces, extends or keeps the last.
 *
 * KEYS: those above, then what this sender has sent last in the trip's slot. ARGV: 1 prefix, 2 number of the trip, 3 jobs; then 7 for each job: id,
 * name, data, options as JSON, timestamp, priority, and what few have: nothing, or JSON with `delay`, `lifo`, `deid`, its `ttl` or its
 * `key` (see claim-key.ts), `line`, the group whose turn it awaits, with its `weight` and when it only ends (see groups.ts), and `tg`, the digests of its tags (see tag-scripts.ts). Every argument
 * costs the server as much as a tenth of the job's hash. Last, where it is said anew, for how many milliseconds the slot is remembered from now on:
 * a time that is written costs as much as three arguments, so most trips keep the one that there is.
 *
 * Answers the id under which each stands, in their order; `u` or `c` and an id where that job was updated or has other data; a table of one text
 * where a job cannot be stored.
 *
 * A trip is sent again by the driver where its answer was lost. In its slot stand, for a minute or some seconds less, its number and those answers that are not the job's own
 * id: its jobs may have run and gone by then, and must not be made anew.
 */
export const ADD_SCRIPT = /* lua */ `
local call = redis.call
local wait, active, prioritized, events, delayed, meta, pc, marker, counter, sent = unpack(KEYS)
local prefix, trip, n = ARGV[1], ARGV[2] .. ' ', tonumber(ARGV[3])
local answers = {}

-- The first write of all: a server that refuses writes says so before anything is done.
local said
if ARGV[4 + 7 * n] then
  --#kept-anew
  said = call('SET', sent, trip, 'PX', ARGV[4 + 7 * n], 'GET')
else
  said = call('SET', sent, trip, 'KEEPTTL', 'GET')
  if not said then
    -- It has gone before its time (a flush), and would stand for ever.
    --#kept-again
    call('PEXPIRE', sent, '${REMEMBERED_MS}')
  end
end
if said and string.sub(said, 1, #trip) == trip then
  --#again
  for i = 1, n do answers[i] = ARGV[7 * i - 3] end
  if said ~= trip then
    --#again-others
    call('SET', sent, said, 'KEEPTTL')
    local others = cmsgpack.unpack(string.sub(said, #trip + 1))
    for i = 1, #others, 2 do answers[others[i]] = others[i + 1] end
  end
  return answers
end
local others = {}

local state = call('HMGET', meta, 'paused', 'concurrency', 'opts.maxLenEvents')
local maxEvents = state[3]
if not maxEvents then
  --#max-events
  maxEvents = 10000
  call('HSET', meta, 'opts.maxLenEvents', maxEvents)
end
call('INCRBY', counter, n)
local left, right, ranked, anyDelayed, anyMoved = {}, {}, {}, false, false
local tagged = {}

-- One look for all: nearly always there is none of them.
local keys, seen = {}, {}
for i = 1, n do keys[i] = prefix .. ARGV[7 * i - 3] end
local anyKnown = call('EXISTS', unpack(keys)) > 0

-- Delayed until then, behind those of the same millisecond.
local function startAt(id, due)
${DELAY_JOB}  anyDelayed = true
end
${PLACE_JOB}
${CLAIM_KEY}
${PARK_JOBS}
local parked
local function add(at, key)
  local id, name, priority, extra = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 5]), ARGV[at + 6]
  if (anyKnown or seen[id]) and call('EXISTS', key) == 1 then
    --#duplicated
    call('XADD', events, '*', 'event', 'duplicated', 'jobId', id)
    return id
  end
  seen[id] = true
  local delay, lifo, deid, tags = '0', false, nil, nil
  if extra ~= '' then
    --#extra
    extra = cjson.decode(extra)
    delay, lifo, deid, tags = extra.delay or delay, extra.lifo, extra.deid, extra.tg
  end
  if deid then
    local other = claim(at, id, deid, extra)
    if other then return other end
    --#keyed
    call('HSET', key, 'name', name, 'data', ARGV[at + 2], 'opts', ARGV[at + 3], 'timestamp', ARGV[at + 4],
      'delay', delay, 'priority', ARGV[at + 5], 'deid', deid)
  else
    call('HSET', key, 'name', name, 'data', ARGV[at + 2], 'opts', ARGV[at + 3], 'timestamp', ARGV[at + 4],
      'delay', delay, 'priority', ARGV[at + 5])
  end
  if tags then
    call('HSET', key, 'tg', tags)
    for digest in string.gmatch(tags, '%S+') do
      tagged[#tagged + 1] = 0
      tagged[#tagged + 1] = digest .. ' ' .. id
    end
  end
  call('XADD', events, '*', 'event', 'added', 'jobId', id, 'name', name)
  delay = tonumber(delay)
  if delay > 0 then
    --#delayed
    startAt(id, ARGV[at + 4] + delay)
    return id
  end
  if extra ~= '' and extra.line then
    parked = parked or {}
    parked[#parked + 1] = {
      id, priority, extra.line, extra.weight or 1, extra.expires and ARGV[at + 4] + extra.expires + 1,
      extra.tier and '[' .. ARGV[at + 4] .. ',' .. extra.tier .. ']',
    }
  elseif priority > 0 then
    --#prioritized
    ranked[#ranked + 1] = priority
    ranked[#ranked + 1] = id
  elseif lifo then
    --#lifo
    right[#right + 1] = id
  else
    --#fifo
    left[#left + 1] = id
  end
  call('XADD', events, '*', 'event', 'waiting', 'jobId', id)
  return id
end

for i = 1, n do
  local ok, answer = pcall(add, 7 * i - 3, keys[i])
  if not ok then
    --#refused
    answer = { type(answer) == 'table' and (answer.err or 'error') or tostring(answer) }
  end
  answers[i] = answer
  if answer ~= ARGV[7 * i - 3] then
    others[#others + 1] = i
    others[#others + 1] = answer
  end
end
if #tagged > 0 then call('ZADD', prefix .. '${TAG_INDEX}', unpack(tagged)) end
if #left > 0 then call('LPUSH', wait, unpack(left)) end
if #right > 0 then call('RPUSH', wait, unpack(right)) end
if #ranked > 0 then
  local count = #ranked / 2
  local before = call('INCRBY', pc, count) - count
  for i = 1, count do
    ranked[2 * i - 1] = ranked[2 * i - 1] * 4294967296 + (before + i) % 4294967296
  end
  call('ZADD', prioritized, unpack(ranked))
end
if parked then park(parked) end
if (#left + #right + #ranked > 0 or anyMoved or parked) and not state[1]
  and not (state[2] and call('LLEN', active) >= tonumber(state[2])) then
  --#marker
  call('ZADD', marker, '0', '0')
end
if anyDelayed then
  --#delay-marker
  call('ZADD', marker, call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2] / 4096, '1')
end
call('XTRIM', events, 'MAXLEN', '~', maxEvents)
if #others > 0 then call('SET', sent, trip .. cmsgpack.pack(others), 'KEEPTTL') end
return answers
`;
