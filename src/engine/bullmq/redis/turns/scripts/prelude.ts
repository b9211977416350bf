/**
 * A server that refuses writes says so at the first of them: before anything is done, and not in the middle of one job. Where the key stands, this
 * changes nothing, and is refused all the same.
 */
export const INSIST = `call('SET', answers, '', 'PX', ANSWERS_KEPT_MS, 'NX')`;

/**
 * What a turn's script begins with. KEYS: wait, active, prioritized, events, stalled, limiter, delayed, meta, pc, marker, completed, failed, answers.
 * ARGV: 1 prefix, 2 now, 3 turn, 4 tokens, 5 lock ms, 6 worker, 7 rate max, 8 rate ms, 9 max bytes, 10 metrics kept, 11 keeps, 12 ends, 13 notes;
 * then 3 for each keep (count, age, limit), 2 for each end (id, token), 5 for each end (what, a, b, c, d), 5 for each note (of which end, line, lines
 * kept, data, progress), 1 for each token.
 *
 * In `answers`, a key of this turn's slot, stand for a minute the turn that had the slot last, when that minute began, and what was answered.
 *
 * One job a turn pays for all that is made here. By count of instructions, a closure costs a seventh of a small command, a small table a third, an
 * argument a fifth, and a number that is passed to a command and written out as text there a half: what few turns need is made where they need it.
 */
export const PRELUDE = /* lua */ `
local call = redis.call
local wait, active, prioritized, events, stalled, limiter, delayed, meta, pc, marker, completed, failed, answers = unpack(KEYS)
local PROMOTED, ANSWERS_KEPT_MS, RENEWED_AFTER_MS = '200', '60000', 15000
local prefix, nowText, turn = ARGV[1], ARGV[2], ARGV[3] .. ' '
local now, metricsKept = tonumber(nowText), tonumber(ARGV[10])
local ends, tokens = tonumber(ARGV[12]), tonumber(ARGV[4])
-- The first keep stands three behind.
local keepsAt = 11
local endsAt = 13 + 3 * ARGV[11]
local bodiesAt = endsAt + 2 * ends + 1
local notesAt = bodiesAt + 5 * ends
local tokensAt = notesAt + 5 * ARGV[13] - 1

-- Sent again because its answer was lost: what was done is not done twice.
local locks = {}
for i = 1, ends do locks[i] = prefix .. ARGV[endsAt + 2 * i - 1] .. ':lock' end
locks[ends + 1] = answers
locks = call('MGET', unpack(locks))
local said = locks[ends + 1]
if said and string.sub(said, 1, #turn) == turn then
  --#again
  local jobs, codes, ids, rest, detail = {}, cmsgpack.unpack(string.match(said, '^%S+ %d+ (.*)$'))
  for i, id in ipairs(ids) do
    if call('GET', prefix .. id .. ':lock') == ARGV[tokensAt + i] then
      --#again-locked
      jobs[#jobs + 1] = { id, i, call('HGETALL', prefix .. id), 1 }
    end
  end
  return { codes, jobs, rest, detail }
end

if ends > 0 then ${INSIST} end

local notes = {}
for at = notesAt, tokensAt, 5 do
  local function given(text) return text ~= '' and text or nil end
  notes[tonumber(ARGV[at])] = {
    line = given(ARGV[at + 1]), keep = tonumber(ARGV[at + 2]), data = given(ARGV[at + 3]), progress = given(ARGV[at + 4]),
  }
end
local state = call('HMGET', meta, 'paused', 'concurrency', 'max', 'duration', 'opts.maxLenEvents', 'groups')
local maxEvents = state[5]

-- Paused, or as many run as may.
local function isBlocked()
  return state[1] or (state[2] and call('LLEN', active) >= tonumber(state[2])) or false
end

-- Due delayed jobs go to where they wait. BullMQ moves up to 1,000 for each job that it takes.
local function promote(blocked)
  local due = call('ZRANGEBYSCORE', delayed, '0', string.format('%.0f', (now + 1) * 4096 - 1), 'LIMIT', '0', PROMOTED)
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
