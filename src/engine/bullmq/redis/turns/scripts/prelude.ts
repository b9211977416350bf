/**
 * What a turn's script begins with. KEYS: wait, active, prioritized, events, stalled, limiter, delayed, meta, pc, marker, completed, failed, answers.
 * ARGV: 1 prefix, 2 now, 3 turn, 4 slot, 5 lock ms, 6 worker, 7 rate max, 8 rate ms, 9 max bytes, 10 metrics kept, 11 keeps, 12 ends, 13 notes,
 * 14 tokens; then 3 for each keep (count, age, limit), 2 for each end (id, token), 5 for each end (what, a, b, c, d), 5 for each note (of which end,
 * line, lines kept, data, progress), 1 for each token.
 */
export const PRELUDE = /* lua */ `
local call = redis.call
local wait, active, prioritized, events, stalled, limiter, delayed, meta, pc, marker, completed, failed, answers = unpack(KEYS)
-- A number that is passed to a command is written out as text each time, which costs as much as a small command: what is constant is text here.
local PROMOTED, ANSWERS_KEPT_MS, REFRESHED_MS = '200', '60000', 15000
local prefix, nowText, turn, slot = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now, metricsKept = tonumber(nowText), tonumber(ARGV[10])
local ends, tokens = tonumber(ARGV[12]), tonumber(ARGV[14])
local endsAt = 14 + 3 * ARGV[11]
local bodiesAt = endsAt + 2 * ends + 1
local notesAt = bodiesAt + 5 * ends
local tokensAt = notesAt + 5 * ARGV[13] - 1

-- Sent again because its answer was lost: what was done is not done twice.
local said, refreshed = unpack(call('HMGET', answers, slot, 'now'))
if said then
  said = cmsgpack.unpack(said)
  if said[1] == turn then
    --#again
    local jobs = {}
    for i, id in ipairs(said[3]) do
      local token = ARGV[tokensAt + said[4][i]]
      if call('GET', prefix .. id .. ':lock') == token then
        --#again-locked
        jobs[#jobs + 1] = { id, said[4][i], call('HGETALL', prefix .. id), 1 }
      end
    end
    return { said[2], jobs, said[5], said[6] }
  end
end

-- A server that refuses writes says so at the first of them: before anything is done, and not in the middle of one job.
local function insist()
  local age = now - (tonumber(refreshed) or 0)
  if age >= 0 and age < REFRESHED_MS then
    -- It stands: this is refused where a write would be, and changes nothing.
    call('HSETNX', answers, 'now', nowText)
  else
    call('HSET', answers, 'now', nowText)
    call('PEXPIRE', answers, ANSWERS_KEPT_MS)
  end
end
if ends > 0 then insist() end

local keeps, notes, locks = {}, {}, {}
for i = 1, tonumber(ARGV[11]) do
  local at = 12 + 3 * i
  keeps[i] = { count = tonumber(ARGV[at]), age = tonumber(ARGV[at + 1]), limit = tonumber(ARGV[at + 2]) }
end
for at = notesAt, tokensAt, 5 do
  local function given(text) return text ~= '' and text or nil end
  notes[tonumber(ARGV[at])] = {
    line = given(ARGV[at + 1]), keep = tonumber(ARGV[at + 2]), data = given(ARGV[at + 3]), progress = given(ARGV[at + 4]),
  }
end
if ends > 0 then
  for i = 1, ends do locks[i] = prefix .. ARGV[endsAt + 2 * i - 1] .. ':lock' end
  locks = call('MGET', unpack(locks))
end
local state = call('HMGET', meta, 'paused', 'concurrency', 'max', 'duration', 'opts.maxLenEvents', 'groups')
local maxEvents = state[5]
local PARTS = { '', ':logs', ':dependencies', ':processed', ':failed', ':unsuccessful' }

-- Paused, or as many run as may.
local function isBlocked()
  return state[1] or (state[2] and call('LLEN', active) >= tonumber(state[2])) or false
end

-- Due delayed jobs go to where they wait. BullMQ moves up to 1,000 for each job that it takes.
local function promote(blocked)
  local due = call('ZRANGEBYSCORE', delayed, '0', (now + 1) * 4096 - 1, 'LIMIT', '0', PROMOTED)
  if #due == 0 then return end
  --#promote
  call('ZREM', delayed, unpack(due))
  for _, id in ipairs(due) do
    -- A key of another kind, which another program has left there, must not make the rest of them lost.
    local priority = redis.pcall('HGET', prefix .. id, 'priority')
    priority = type(priority) == 'string' and tonumber(priority) or 0
    if priority == 0 then
      --#promote-wait
      call('LPUSH', wait, id)
    else
      --#promote-prioritized
      call('ZADD', prioritized, priority * 4294967296 + call('INCR', pc) % 4294967296, id)
    end
    call('XADD', events, '*', 'event', 'waiting', 'jobId', id, 'prev', 'delayed')
    redis.pcall('HSET', prefix .. id, 'delay', '0')
  end
  if not blocked then
    --#promote-marker
    call('ZADD', marker, '0', '0')
  end
end
`;
