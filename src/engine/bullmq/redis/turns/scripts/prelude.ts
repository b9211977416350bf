import { TAKEN_FIELDS } from '../read-job.ts';

/** Arguments: what a worker looks at of a job. */
export const TAKEN = TAKEN_FIELDS.map(field => `'${field}'`).join(', ');

/** For so long the server knows which turn, or which trip of adds, was the last of a slot, or some seconds less: it is said anew only now and then. */
export const REMEMBERED_MS = 60_000;

/**
 * What a turn begins its writes with: that it was done, which is true once the script has ended. A server that refuses writes says so here, before
 * anything is done, and not in the middle of one job. A key that has gone before its time (a flush) gets one anew: it would stand for ever.
 */
export const REMEMBER = /* lua */ `
  if ARGV[11] == '' and said then
    call('SET', answers, turn, 'KEEPTTL')
  else
    --#kept-anew
    call('SET', answers, turn, 'PX', ARGV[11] ~= '' and ARGV[11] or '${REMEMBERED_MS}')
  end`;

/**
 * What a turn's script begins with. KEYS: see TURN_KEYS, and `answers`.
 * ARGV: 1 prefix, 2 now, 3 turn, 4 tokens, 5 lock ms, 6 worker, 7 rate (max and ms, or nothing), 8 the highest score of delayed jobs that are due,
 * 9 max bytes, 10 metrics kept, 11 for how long it is remembered from now on, or nothing, 12 keeps, 13 ends, 14 words, 15 notes; then 3 for each keep (count,
 * from which time on it is too old, limit), 3 for each end (id, token, what), then the words of the ends: one of an end of the kind \`k\`, which nearly all
 * are (succeeded, with the first keep, its result), 2 of the kind \`m\` (the same of a member of a batch: its result, and \`memberText\`, of which the time alone
 * where the \`m\` before had the same batch), 4 of any other (a, b, c, d); 5 for each note (of which end, line, lines kept, data, progress), 1 for
 * each token.
 *
 * \`answers\`, a key of this turn's slot, holds the turn that had the slot last and, where not every end was written, what its ends were answered.
 * What it has taken stands among the active jobs, under its tokens.
 *
 * Answers \`{ rest, detail, a code for each end, four for each job }\`: id, number of its token, TAKEN_FIELDS of its hash, and 0 where they are from before the take,
 * 1 where they are from after it, 2 where the job finds out if a pause is over.
 *
 * One job a turn pays for all that is made here. By count of instructions, a closure costs a seventh of a small command, a small table a third, an
 * argument a fifth, a text that becomes a number a sixth, and a number that becomes a text a half: what few turns need is made where they need it. A
 * table that gets room for what comes (`nil`) is not made anew for it.
 */
export const PRELUDE = /* lua */ `
local stalled, limiter, meta, pc, completed, failed, marker, wait, delayed, active, prioritized, events, answers = unpack(KEYS)
local prefix, nowText, turn = ARGV[1], ARGV[2], ARGV[3]
local ends, tokens = tonumber(ARGV[13]), tonumber(ARGV[4])
-- The first keep stands three behind.
local keepsAt = 13
local endsAt = 15 + 3 * ARGV[12]
local wordsAt = endsAt + 3 * ends + 1
local notesAt = wordsAt + ARGV[14]
local tokensAt = notesAt + 5 * ARGV[15] - 1
local answer, size = { '', 0, nil, nil, nil, nil, nil }, 2 + ends
-- Behind what fewer functions use: each use of a local in a function costs a walk over those that were declared after it.
local call = redis.call

local lockKeys = { nil }
for i = 1, ends do lockKeys[i] = prefix .. ARGV[endsAt + 3 * i - 2] .. ':lock' end
local locks = call('MGET', answers, unpack(lockKeys))
local said = locks[1]
if said and (said == turn or (#said > #turn and string.sub(said, 1, #turn + 1) == turn .. ' ')) then
  --#again
  -- Sent again because its answer was lost: what was done is not done twice. Whether more waits is asked anew.
  local codes = said == turn and {} or cmsgpack.unpack(string.sub(said, #turn + 2))
  for i = 1, ends do answer[2 + i] = codes[i] or 0 end
  local numbers, taken, count, from = {}, {}, 0, 0
  for nth = 1, tokens do numbers[ARGV[tokensAt + nth]] = nth end
  while count < tokens do
    local ids, keys = call('LRANGE', active, from, from + 499), {}
    if #ids == 0 then break end
    for i, id in ipairs(ids) do keys[i] = prefix .. id .. ':lock' end
    for i, token in ipairs(call('MGET', unpack(keys))) do
      local nth = numbers[token]
      if nth then
        --#again-locked
        taken[nth] = ids[i]
        count = count + 1
      end
    end
    from = from + 500
  end
  for nth = 1, tokens do
    local id = taken[nth]
    if id then
      answer[size + 1], answer[size + 2], answer[size + 3], answer[size + 4] = id, nth, call('HMGET', prefix .. id, ${TAKEN}), 1
      size = size + 4
    end
  end
  answer[1] = 'limited'
  return answer
end

if ends > 0 then ${REMEMBER}
end

local notes
for at = notesAt, tokensAt, 5 do
  local function given(text) return text ~= '' and text or nil end
  notes = notes or {}
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
  local due = call('ZRANGEBYSCORE', delayed, '0', ARGV[8], 'LIMIT', '0', '200')
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
