import { PLACE_JOB } from './place-job.ts';
import { RETAG } from './tag-scripts.ts';

export const CHANGE_KEYS = [
  'wait',
  'active',
  'prioritized',
  'events',
  'delayed',
  'meta',
  'pc',
  'marker',
  'waiting-children',
] as const;

/**
 * Changes a job that waits. Leans on BullMQ 6.7's changePriority-7, changeDelay-4, updateData-1 and their includes.
 *
 * KEYS: those above, then the job. ARGV: 1 prefix, 2 id, 3 now, 4 its options as they were read, 5 its options from now on, 6 data, 7 priority, 8
 * when it is due; nothing in these three where it stays; 9 the digests of its tags from now on. Returns `changed`, `again` where its options are others than those that were
 * read, or why it cannot be changed (`ChangeAnswer`).
 */
export const CHANGE_SCRIPT = /* lua */ `
local call = redis.call
local wait, active, prioritized, events, delayed, meta, pc, marker, children, key = unpack(KEYS)
local prefix, id, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
${PLACE_JOB}
${RETAG}
local stored = call('HMGET', key, 'opts', 'finishedOn', 'priority', 'timestamp', 'processedOn', 'name')
if not stored[6] then return 'missing' end
if stored[2] then return 'ended' end
if call('EXISTS', key .. ':lock') == 1 then return 'runs' end
local isDelayed, place = call('ZSCORE', delayed, id), call('ZSCORE', prioritized, id)
if not isDelayed and not place then
  if call('ZSCORE', children, id) then return 'waits-for-children' end
  if not call('LPOS', wait, id) then return call('LPOS', active, id) and 'runs' or 'missing' end
end
if (stored[1] or '') ~= ARGV[4] then return 'again' end

local before = groupsOf(id)
call('HSET', key, 'opts', ARGV[5])
if ARGV[6] ~= '' then call('HSET', key, 'data', ARGV[6]) end
retag(id, ARGV[9])
local priority = tonumber(stored[3]) or 0
local moves = ARGV[8] ~= ''
if ARGV[7] ~= '' and tonumber(ARGV[7]) ~= priority then
  priority = tonumber(ARGV[7])
  call('HSET', key, 'priority', priority)
  moves = moves or not isDelayed
end
if place and tonumber(place) >= LINES_FROM and not sameGroups(before, groupsOf(id)) then
  --#waits-for-others
  moves = true
end
if not moves then return 'changed' end

local due = tonumber(ARGV[8])
call('ZREM', prioritized, id)
call('ZREM', delayed, id)
if not isDelayed and not place then call('LREM', wait, 1, id) end
leaveLines(id, before)
if due and due > now then
  --#change-delayed
  local score, most = due * 4096, (due + 1) * 4096 - 1
  local last = call('ZREVRANGEBYSCORE', delayed, most, score, 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if last then score = math.min(tonumber(last) + 1, most) end
  local from = math.max(tonumber(stored[4]) or now, tonumber(stored[5]) or 0)
  call('ZADD', delayed, string.format('%.0f', score), id)
  call('HSET', key, 'delay', string.format('%.0f', math.max(1, due - from)))
  call('XADD', events, '*', 'event', 'delayed', 'jobId', id, 'delay', string.format('%.0f', due))
  call('ZADD', marker, call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2] / 4096, '1')
  return 'changed'
end
placeLast(id, priority)
if isDelayed then
  --#change-due
  call('HSET', key, 'delay', 0)
  call('XADD', events, '*', 'event', 'waiting', 'jobId', id, 'prev', 'delayed')
end
local state = call('HMGET', meta, 'paused', 'concurrency')
if not state[1] and not (state[2] and call('LLEN', active) >= tonumber(state[2])) then call('ZADD', marker, 0, '0') end
return 'changed'
`;
