import { RETAG } from './tag-scripts.ts';

/**
 * A part of the script that adds. Leans on BullMQ 6.7's deduplicateJobWithoutReplace: `de:ID` holds the id of the job that has the key, without a
 * time while that job waits or runs. What a key of ours has beside that stands in `extra.key`: keep, data, maxWait, `before`, the marks of the
 * previous secret, and `instead`, the job whose key it takes. `kd:ID` holds the digest of a job that has ended, as "job digest", for as long as its key.
 */
export const CLAIM_KEY = /* lua */ `${RETAG}
-- Who has a key: the id of a job, or nothing where it is free.
local function holderOf(deid)
  local de = prefix .. 'de:' .. deid
  local holder = call('GET', de)
  if holder and call('PTTL', de) == -1 and call('EXISTS', prefix .. holder) == 0 then
    --#stale-key
    call('DEL', de, prefix .. 'dn:' .. deid)
    return nil
  end
  return holder
end

local function digestOf(holder, deid)
  local opts = call('HGET', prefix .. holder, 'opts')
  if opts then
    local ok, read = pcall(cjson.decode, opts)
    return ok and type(read) == 'table' and type(read.de) == 'table' and read.de.data or nil
  end
  --#digest-of-gone
  local job, digest = string.match(call('GET', prefix .. 'kd:' .. deid) or '', '^(.*) (.*)$')
  return job == holder and digest or nil
end

local function deduplicated(holder, deid, id)
  call('XADD', events, '*', 'event', 'deduplicated', 'jobId', holder, 'deduplicationId', deid, 'deduplicatedJobId', id)
end

-- The job that waits takes the new data, the new options and the new time. Nothing where it does not wait, and the key goes to the new job.
-- deid: under which it has the key; new: under which it is asked for, where the secret has changed since.
local function takeOver(at, id, holder, deid, new, delay, maxWait)
  local key = prefix .. holder
  local stored = call('HMGET', key, 'timestamp', 'since', 'ats', 'finishedOn', 'name', 'priority', 'progress')
  if stored[4] or not stored[5] then
    if call('PTTL', prefix .. 'de:' .. deid) ~= -1 then return nil end
    --#last-unclear
    deduplicated(holder, deid, id)
    return { 'c', holder }
  end
  local due, place = call('ZSCORE', delayed, holder), call('ZSCORE', prioritized, holder)
  if not due and not place
    and (call('EXISTS', key .. ':lock') == 1 or call('LPOS', active, holder)) then
    --#last-runs
    return nil
  end
  if string.find(stored[7] or '', '"cancel":{', 1, true) then
    -- It ends with its next turn, and what it took over would be lost.
    --#last-cancelled
    return nil
  end
  local now = tonumber(ARGV[at + 4])
  local since = stored[2] or stored[1]
  local groups, priority = groupsOf(holder), tonumber(ARGV[at + 5])
  call('HSET', key, 'data', ARGV[at + 2], 'opts', ARGV[at + 3], 'timestamp', ARGV[at + 4], 'since', since,
    'priority', priority, 'deid', new)
  if new ~= deid then
    --#last-new-secret
    call('SET', prefix .. 'de:' .. new, holder)
    call('DEL', prefix .. 'de:' .. deid)
  end
  if due and (tonumber(stored[3]) or 0) == 0 then
    --#last-delayed
    local start = now + delay
    if maxWait then start = math.max(now, math.min(start, since + maxWait)) end
    call('HSET', key, 'delay', start - now)
    startAt(holder, start)
  elseif not due and (priority ~= (tonumber(stored[6]) or 0)
    or (place and tonumber(place) >= LINES_FROM and not sameGroups(groups, groupsOf(holder)))) then
    -- A parent that waits for its children stands in neither.
    if (place and call('ZREM', prioritized, holder) or call('LREM', wait, 1, holder)) == 1 then
      --#last-moves
      leaveLines(holder, groups)
      placeLast(holder, priority)
      anyMoved = true
    end
  end
  --#last-updated
  deduplicated(holder, deid, id)
  return { 'u', holder }
end

-- Nothing where the job may be added, and has the key from now on; else the answer for its caller.
local function claim(at, id, deid, extra)
  local key = extra.key or {}
  local holder, mark, data = holderOf(deid), deid, key.data
  if not holder and key.before then
    --#before
    local before = key.before
    holder, mark, data = holderOf(before.id), before.id, before.data
    if not holder and before.jobId and call('EXISTS', prefix .. before.jobId) == 1 then
      --#before-id
      return before.jobId
    end
  end
  if holder == id then
    -- Its job is gone, and the key stands on for its time: BullMQ says so too.
    --#deduplicated-itself
    deduplicated(holder, mark, id)
    return id
  end
  if holder and key.instead then
    --#instead
    if holder ~= key.instead then
      deduplicated(holder, mark, id)
      return { 'c', holder }
    end
    holder = nil
  end
  if holder and key.keep == 'last' then
    local answer = takeOver(at, id, holder, mark, deid, tonumber(extra.delay) or 0, key.maxWait)
    if answer and answer[1] == 'u' then retag(holder, extra.tg or '') end
    if answer then return answer end
    holder = nil
  end
  if not holder then
    if extra.ttl then
      call('SET', prefix .. 'de:' .. deid, id, 'PX', extra.ttl)
    else
      call('SET', prefix .. 'de:' .. deid, id)
    end
    return nil
  end
  --#deduplicated
  deduplicated(holder, mark, id)
  local known = data and digestOf(holder, mark)
  if known and known ~= data then
    --#other-data
    return { 'c', holder }
  end
  return holder
end
`;
