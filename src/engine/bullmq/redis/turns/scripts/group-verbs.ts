// What is done to groups, or asked of them, outside of turns: see groups.ts for their keys.
import { IS_UNFINISHED } from './groups-of.ts';

/** The jobs of a group are looked at again at once: those of all its groups, where it is a limit's name alone. */
const LOOK_AGAIN = /* lua */ `
local function lookAgain(timed, marker, named)
  local function look(group)
    redis.call('ZADD', timed, 'XX', 0, group)
    redis.call('ZADD', marker, 0, '0')
  end
  if string.find(named, '/', 1, true) then
    if redis.call('ZSCORE', timed, named) then look(named) end
    return
  end
  for _, group in ipairs(redis.call('ZRANGE', timed, 0, -1)) do
    if string.sub(group, 1, #named + 1) == named .. '/' then look(group) end
  end
end
`;

/** KEYS: paused, timed, marker, meta. ARGV: field, group, pause. Where it ends sooner than it said before, nobody waits until then. */
export const PAUSE_GROUP = /* lua */ `${LOOK_AGAIN}
local function untilOf(pause) return tonumber(string.match(pause or '', '^%d+')) or 0 end
local before = untilOf(redis.call('HGET', KEYS[1], ARGV[1]))
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[4], 'groups', '1')
if untilOf(ARGV[3]) < before then lookAgain(KEYS[2], KEYS[3], ARGV[2]) end
`;

/** KEYS: paused, timed, marker. ARGV: field, group. */
export const RESUME_GROUP = /* lua */ `${LOOK_AGAIN}
redis.call('HDEL', KEYS[1], ARGV[1])
lookAgain(KEYS[2], KEYS[3], ARGV[2])
`;

/**
 * KEYS: prioritized, active, meta, marker, the job. ARGV: id. A job that stands in a line is the next of its priority, as one that was handed
 * back. Its place in a line means nothing from then on.
 */
export const BRING_FORWARD = /* lua */ `
local call = redis.call
local place = call('ZSCORE', KEYS[1], ARGV[1])
if not place or tonumber(place) < 9007199254740992 then return end
call('ZADD', KEYS[1], (tonumber(call('HGET', KEYS[5], 'priority')) or 0) * 4294967296, ARGV[1])
local state = call('HMGET', KEYS[3], 'paused', 'concurrency')
if not state[1] and not (state[2] and call('LLEN', KEYS[2]) >= tonumber(state[2])) then call('ZADD', KEYS[4], 0, '0') end
`;

/**
 * How many jobs of groups that take turns a limit or a pause keeps: all of the line of a group that is looked at again only later. Of the first thousand such
 * groups; a queue without jobs that await a turn pays for one count.
 */
export const HELD_IN_LINES = /* lua */ `
local PARKED_FROM, HELD_FROM = 9007199254740992, 18014398509481984
local function heldInLines(prioritized, timed, prefix)
  local held = 0
  if redis.call('ZCOUNT', prioritized, PARKED_FROM, '(18014398509481984') == 0 then return held end
  for _, group in ipairs(redis.call('ZRANGE', timed, 0, 999)) do
    local line = prefix .. 'group:line:' .. group
    local head = redis.call('ZRANGE', line, 0, 0)[1]
    local place = head and tonumber(redis.call('ZSCORE', prioritized, head) or 0) or 0
    if place >= PARKED_FROM and place < HELD_FROM then held = held + redis.call('ZCARD', line) end
  end
  return held
end
`;

/**
 * KEYS: prioritized, timed. ARGV: prefix. How many jobs are kept by something: those from HELD on, and those that await the turn of a group that may not
 * start one, of a thousand such groups.
 */
export const COUNT_HELD = /* lua */ `${HELD_IN_LINES}
return redis.call('ZCOUNT', KEYS[1], '18014398509481984', '+inf') + heldInLines(KEYS[1], KEYS[2], ARGV[1])
`;

/**
 * KEYS: kept, timed, marker. ARGV: prefix, cursor, time. Strict groups whose job another program has removed, and to which no job may ever come again, have
 * keys no more. Looks at a thousand, and answers where the next look goes on: nothing where none is left.
 */
export const SWEEP_GROUPS_SCRIPT = /* lua */ `
local call, prefix = redis.call, ARGV[1]
local AT_ONCE = 1000
${IS_UNFINISHED}
local found = call('SSCAN', KEYS[1], ARGV[2], 'COUNT', AT_ONCE)
for _, group in ipairs(found[2]) do
  local runs = prefix .. 'group:runs:' .. group
  for _, id in ipairs(call('ZRANGE', runs, 0, -1)) do
    if call('EXISTS', prefix .. id .. ':lock') == 0 and not isUnfinished(id, group) then call('ZREM', runs, id) end
  end
  if call('EXISTS', runs) == 0 then
    --#nobodys
    call('SREM', KEYS[1], group)
    -- Who waits for it need not wait until it is looked at again.
    if call('ZADD', KEYS[2], 'XX', 'CH', 'LT', ARGV[3], group) == 1 then call('ZADD', KEYS[3], 0, '0') end
  end
end
return call('EXISTS', KEYS[1]) == 1 and found[1] or ''
`;
