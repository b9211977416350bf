import { DELAY_JOB } from './delay-job.ts';
import { ALL_OF, RETENTION } from './retention.ts';
import { UNTAG } from './tag-scripts.ts';

/** The hash of a queue that has the ends of members of batches until they are brought there: by the job's id, `memberText`. */
export const MEMBERS_ENDED = 'batch-ends';

/**
 * Leans on BullMQ 6.7's data layout: moveToFinished-14, moveToDelayed-11, retryJob-11, moveJobFromActiveToWait-9 and their includes, for many jobs.
 * The twin histories (tests/twins) compare every key with what those scripts write.
 *
 * What is the same for all k jobs is done once: locks by one MGET and one DEL, the stalled set by one SREM, a finished set by one ZADD,
 * trimming and retention once. The lines that begin with `--#` name branches: the twin histories count which were reached.
 *
 * Returns to its caller: a code for each end in `answer` (the numbers are BullMQ's, 1 asks for BullMQ's own script, a text is an error) and `rare`
 * (whether any 1 is among them).
 */
export const SETTLE = /* lua */ `
local rare, allWritten = false, true
local unstalled, ended = { nil }, ends > 1 and {}
-- Keys to delete: locks, and jobs that retention removes.
local gone = { nil, nil, nil, nil, nil, nil, nil, nil }
local delayedMoved, settled, returned = false, false, false
local anyChildren = false
-- Ends of members of batches, for whoever brings them to their batches: those may be in another slot.
-- Of those that ended well the time alone is told where the one before was of the same batch.
local members, memberOf
-- Those that ended for good: see retention.ts.
local succeeded, dead

${RETENTION}
local function flushAll()
  flush(succeeded)
  flush(dead)
  deleteGone()
end

local function markDelayed()
  if not delayedMoved then return end
  delayedMoved = false
  --#mark-delayed
  call('ZADD', marker, call('ZRANGE', delayed, '0', '0', 'WITHSCORES')[2] / 4096, '1')
end

local function finish(group, id, key, keepAt, made, field, value, deid, keyEnd, member)
  if deid and keyEnd == 'h' then
    -- Of a job of ours its key may stand until a person decides,
    --#key-held
  elseif deid and keyEnd ~= '' then
    -- or for some time after its end: milliseconds, and the digest of its data.
    local de = prefix .. 'de:' .. deid
    if call('GET', de) == id then
      --#key-stands
      local ms, digest = string.match(keyEnd, '^(%d+) (.*)$')
      call('SET', de, id, 'PX', ms)
      if digest ~= '' then call('SET', prefix .. 'kd:' .. deid, id .. ' ' .. digest, 'PX', ms) end
    end
  elseif deid then
    local de = prefix .. 'de:' .. deid
    local ttl = call('PTTL', de)
    if ttl == 0 or (ttl == -1 and call('GET', de) == id) then
      --#dedup-release
      call('DEL', de)
    end
  end
  if ARGV[keepAt] ~= '0' then
    call('HSET', key, field, value, 'finishedOn', nowText, 'atm', made)
    if group.scored and group.keep ~= keepAt then
      --#another-keep
      flush(group)
      deleteGone()
    end
    local scored = group.scored
    if scored then
      scored[#scored + 1] = nowText
      scored[#scored + 1] = id
    else
      group.scored, group.keep = { nowText, id }, keepAt
    end
  else
    --#keep-none
    local tags = call('HGET', key, 'tg')
    if tags then
      ${UNTAG}
      untag(id, tags)
    end
    call('DEL', ${ALL_OF})
  end
  if member then
    members = members or {}
    members[#members + 1] = id
    members[#members + 1] = member
  end
  call('XADD', events, '*', 'event', group.metrics, 'jobId', id, field, value, 'prev', 'active')
  group.count = group.count + 1
end

-- How many are active: asked once. Whether any waits: ends only add to those.
local running, anyWaits
local function isDry()
  if anyWaits or (running and running > 0) then return false end
  anyWaits = call('EXISTS', prioritized, wait) > 0
  if anyWaits then return false end
  running = running or call('LLEN', active)
  return running == 0
end

-- After each finished job, as BullMQ: the queue ran dry with it, unless its retention releases a parent.
local function noteDrained()
  if not isDry() then return end
  flushAll()
  if isDry() then
    --#drained
    call('XADD', events, '*', 'event', 'drained')
  end
end

local function settle(i, at)
  local head = endsAt + 3 * i
  local id, token, what = ARGV[head - 2], ARGV[head - 1], ARGV[head]
  local key, lock = prefix .. id, locks[i + 1]
  local a, b, c, d = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  if what == 'k' then what, a, b, c, d = 's', '1', a, '', ''
  elseif what == 'm' then
    local batch = string.match(b, '^%a+ %d+ (.*)$')
    if batch then memberOf = batch else b = 'succeeded ' .. b .. ' ' .. memberOf end
    what, a, b, c, d = 's', '1 ' .. b, a, '', ''
  end

  -- BullMQ does this before it looks at the job, and so also where the job is lost.
  if what == 'r' and a == '0' then
    --#retry-promotes
    markDelayed()
    promote(isBlocked())
  end

  local forGood = what == 's' or what == 'f'
  local second, third, fourth = 'deid', 'parentKey', 'parent'
  if not forGood then second, third, fourth = 'priority', 'name', 'name' end
  local stored = call('HMGET', key, 'atm', second, third, fourth, 'name', 'finishedOn')
  if stored[6] then
    -- BullMQ can release a parent that has ended: it is among the finished ones too, from which earlier ends may have removed it.
    --#ended-before
    flushAll()
    stored = call('HMGET', key, 'atm', second, third, fourth, 'name')
  end
  if not stored[5] and call('EXISTS', key) == 0 then
    --#missing
    return -1
  end
  if what == 's' and anyChildren and call('EXISTS', key .. ':dependencies', key .. ':unsuccessful') > 0 then
    -- What the retention of earlier ends removes may be its last child.
    flushAll()
    if call('EXISTS', key .. ':dependencies') == 1 then
      --#children
      return -4
    end
    if call('EXISTS', key .. ':unsuccessful') == 1 then
      --#children-failed
      return -9
    end
  end
  if (ended and ended[id]) or lock ~= token then
    --#lock-lost
    return lock and not (ended and ended[id]) and -6 or -2
  end
  if forGood then
    if stored[3] or stored[4] or (stored[2] and call('EXISTS', prefix .. 'dn:' .. stored[2]) == 1) then
      --#rare
      rare = true
      return 1
    end
  end

  local note = notes and notes[i]
  if note then
    if note.line then
      --#line
      local pushed = redis.pcall('RPUSH', key .. ':logs', note.line)
      -- A log of another kind, which another program has left there, takes no line; the job has ended all the same.
      local isOdd = type(pushed) == 'table' and string.find(pushed.err or '', 'WRONGTYPE', 1, true)
      if type(pushed) == 'table' and not isOdd then error(pushed) end
      if note.keep and not isOdd then
        --#line-keep
        call('LTRIM', key .. ':logs', -note.keep, -1)
      end
    end
    if note.data then
      --#data
      call('HSET', key, 'data', note.data)
    end
    if note.progress then
      --#progress
      call('HSET', key, 'progress', note.progress)
      call('XADD', events, '*', 'event', 'progress', 'jobId', id, 'data', note.progress)
    end
  end
  if what == 'f' or what == 'r' then call('HSET', key, 'failedReason', b, 'stacktrace', c) end
  -- Not before: where one of the writes above fails the end is refused, and its worker still holds the job.
  if ended then ended[id] = true end
  gone[#gone + 1] = lockKeys[i]
  unstalled[#unstalled + 1] = id
  if call('LREM', active, what == 'b' and '1' or '-1', id) == 0 then
    --#not-active
    return -3
  end
  settled = true
  returned = returned or not forGood
  if running then running = running - 1 end
  if what == 'b' or (what == 'r' and a == '0') then
    -- Parents that retention releases go to the head of the queue too: those of earlier ends before this one.
    flushAll()
  end
  local made = stored[1] and (tonumber(stored[1]) or 0) + 1 or '1'

  if what == 's' then
    local keep, member = tonumber(a), nil
    if not keep then keep, member = string.match(a, '^(%d+) (.*)$') end
    succeeded = succeeded or { set = completed, metrics = 'completed', count = 0, scored = false, keep = false }
    finish(succeeded, id, key, keepsAt + 3 * keep, made, 'returnvalue', b, stored[2], d, member)
    if c ~= '' then call('SET', key .. ':result', b, 'PX', c) end
    noteDrained()
  elseif what == 'f' then
    local keep, attempts, member = string.match(a, '(%d+) (%d+) ?(.*)')
    dead = dead or { set = failed, metrics = 'failed', count = 0, scored = false, keep = false }
    finish(dead, id, key, keepsAt + 3 * keep, made, 'failedReason', b, stored[2], d, member ~= '' and member)
    if ARGV[keepsAt + 3 * keep] ~= '0' then call('HDEL', key, 'defa') end
    if tonumber(made) >= tonumber(attempts) then
      --#exhausted
      call('XADD', events, '*', 'event', 'retries-exhausted', 'jobId', id, 'attemptsMade', made)
    end
    noteDrained()
  elseif what == 'z' or (what == 'r' and a ~= '0') then
    if what == 'z' then
      --#snooze
      call('HSET', key, 'delay', a)
    else
      --#retry-later
      call('HSET', key, 'atm', made, 'delay', a)
    end
    local due = nowText + math.max(tonumber(a), 0)
${DELAY_JOB}    delayedMoved = true
  elseif what == 'r' then
    local blocked, priority = isBlocked(), tonumber(stored[2]) or 0
    if priority == 0 then
      --#retry-wait
      call(d, wait, id)
    else
      --#retry-prioritized
      call('ZADD', prioritized, priority * 4294967296 + call('INCR', pc) % 4294967296, id)
    end
    if not blocked then call('ZADD', marker, '0', '0') end
    call('HSET', key, 'atm', made)
    call('XADD', events, '*', 'event', 'waiting', 'jobId', id, 'prev', 'active')
  else
    if a ~= '' then
      --#regrouped
      call('HSET', key, 'opts', a)
    end
    local priority = tonumber(stored[2]) or 0
    if priority > 0 then
      --#back-prioritized
      call('ZADD', prioritized, priority * 4294967296, id)
    else
      --#back-wait
      call('RPUSH', wait, id)
    end
    -- BullMQ leaves no sign for a job with a priority: idle workers would sleep on.
    if not isBlocked() then call('ZADD', marker, '0', '0') end
    call('XADD', events, '*', 'event', 'waiting', 'jobId', id, 'prev', 'active')
  end
  return 0
end

if ends > 0 then
  local at, wordsOf = wordsAt, { k = 1, m = 2 }
  -- As BullMQ: before what ends for good is told, and after what comes again is. Nobody has heard of an end yet, however few events the queue keeps.
  if maxEvents then call('XTRIM', events, 'MAXLEN', '~', maxEvents) end
  -- One look for all: nearly always there is none of them.
  local children = { nil, nil }
  for i = 1, ends do
    local what = ARGV[endsAt + 3 * i]
    if what == 'k' or what == 's' or what == 'm' then
      local key = prefix .. ARGV[endsAt + 3 * i - 2]
      children[#children + 1] = key .. ':dependencies'
      children[#children + 1] = key .. ':unsuccessful'
    end
  end
  anyChildren = #children > 0 and call('EXISTS', unpack(children)) > 0
  for i = 1, ends do
    -- A stored job that is damaged must not take the others of its turn along.
    local ok, code = pcall(settle, i, at)
    if not ok then
      --#refused
      code = type(code) == 'table' and (code.err or 'error') or tostring(code)
    end
    answer[2 + i] = code
    allWritten = allWritten and code == 0
    at = at + (wordsOf[ARGV[endsAt + 3 * i]] or 4)
  end
  if not allWritten then
    --#not-all-written
    call('SET', answers, turn .. ' ' .. cmsgpack.pack({ unpack(answer, 3) }), 'KEEPTTL')
  end
  flushAll()
  if members then call('HSET', prefix .. '${MEMBERS_ENDED}', unpack(members)) end
  markDelayed()
  if ARGV[10] ~= '0' then
    local metricsKept = tonumber(ARGV[10])
    -- collectMetrics for all of a kind: at one time only the first may add points.
    local function measure(group)
      if not group then return end
      --#metrics
      local key = prefix .. 'metrics:' .. group.metrics
      local count = call('HINCRBY', key, 'count', 1) - 1
      local before = call('HGET', key, 'prevTS')
      if not before then
        call('HSET', key, 'prevTS', nowText, 'prevCount', 0)
      else
        local points = math.min(math.floor(nowText / 60000) - math.floor(before / 60000), metricsKept)
        if points > 0 then
          --#metrics-points
          call('LPUSH', key .. ':data', count - call('HGET', key, 'prevCount'))
          for _ = 2, points do call('LPUSH', key .. ':data', 0) end
          call('LTRIM', key .. ':data', 0, metricsKept - 1)
          call('HSET', key, 'prevCount', count, 'prevTS', nowText)
        end
      end
      if group.count > 1 then
        --#metrics-more
        call('HINCRBY', key, 'count', group.count - 1)
      end
    end
    measure(succeeded)
    measure(dead)
  end
  if #unstalled > 0 then call('SREM', stalled, unpack(unstalled)) end
  if settled and not maxEvents then
    --#max-events
    maxEvents = 10000
    call('HSET', meta, 'opts.maxLenEvents', maxEvents)
  end
  if returned then
    --#trim-behind
    call('XTRIM', events, 'MAXLEN', '~', maxEvents)
  end
end
`;
