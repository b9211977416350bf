import { HELD_PRIORITY, PARKED_PRIORITY } from '../../../turns/index.ts';
import { HELD_IN_LINES } from '../turns/scripts/group-verbs.ts';

/**
 * KEYS: of each queue the prefix of its keys. ARGV: 1 from which score on jobs were set aside, then the priorities whose heads are wanted. Answers for
 * each queue: whether it is paused, seven counts, what is paused of it, and the heads: their kind, priority, id is left out, then five fields of the job.
 *
 * Of those that await the turn of their group the first may be one that a limit or a pause keeps: it is answered as one that was set aside then, and
 * beside it the first of a group whose turn may come.
 */
export const CONTENTS_SCRIPT = /* lua */ `${HELD_IN_LINES}
local ONE_PRIORITY, PARKED, HELD = 4294967296, ${PARKED_PRIORITY}, ${HELD_PRIORITY}
local heldFrom = ARGV[1]
local all = {}
for nth, prefix in ipairs(KEYS) do
  if string.sub(prefix, -7) == '~moving' then break end
  local heads = {}
  local function head(kind, priority, id)
    if not id then return end
    local job = redis.pcall('HMGET', prefix .. id, 'timestamp', 'delay', 'opts', 'processedOn', 'progress')
    if job.err or not job[1] then return end
    heads[#heads + 1] = { kind, priority, job[1], job[2] or '', job[3] or '', job[4] or '', job[5] or '' }
  end
  local prioritized, timed = prefix .. 'prioritized', prefix .. 'groups:timed'
  local function isKept(id)
    local ok, opts = pcall(cjson.decode, redis.pcall('HGET', prefix .. id, 'opts'))
    if not ok or type(opts) ~= 'table' or type(opts.groups) ~= 'table' then return false end
    for _, group in ipairs(opts.groups) do
      if type(group) == 'string' and redis.call('ZSCORE', timed, group) then return true end
    end
    return false
  end
  local function firstOf(key, priority)
    local from, to = string.format('%.0f', priority * ONE_PRIORITY), string.format('(%.0f', (priority + 1) * ONE_PRIORITY)
    return redis.call('ZRANGEBYSCORE', key, from, to, 'LIMIT', 0, 1)[1]
  end
  head('waiting', 0, redis.call('LINDEX', prefix .. 'wait', -1))
  head('delayed', 0, redis.call('ZRANGE', prefix .. 'delayed', 0, 0)[1])
  for at = 2, #ARGV do
    local priority = tonumber(ARGV[at])
    local id = firstOf(prioritized, priority)
    if id and priority >= PARKED and priority < HELD and isKept(id) then
      head('waiting', priority - PARKED + HELD, id)
      local group = firstOf(prefix .. 'groups:ready', priority - PARKED)
      id = group and redis.call('ZRANGE', prefix .. 'group:line:' .. group, 0, 0)[1]
    end
    head('waiting', priority, id)
  end
  all[#all + 1] = {
    redis.call('HEXISTS', prefix .. 'meta', 'paused'),
    redis.call('LLEN', prefix .. 'wait') + redis.call('ZCARD', prioritized),
    redis.call('ZCOUNT', prioritized, heldFrom, '+inf') + heldInLines(prioritized, timed, prefix),
    redis.call('LLEN', prefix .. 'active'),
    redis.call('ZCARD', prefix .. 'delayed') + redis.call('ZCARD', prefix .. 'waiting-children'),
    redis.call('ZCARD', prefix .. 'completed'),
    redis.call('ZCARD', prefix .. 'failed'),
    redis.call('HGETALL', prefix .. 'groups:paused'),
    heads,
  }
end
return all
`;
