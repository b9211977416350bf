/**
 * KEYS: of each queue the prefix of its keys. ARGV: 1 from which score on jobs were set aside, then the priorities whose heads are wanted. Answers for
 * each queue: whether it is paused, seven counts, what is paused of it, and the heads: their kind, priority, id is left out, then five fields of the job.
 */
export const CONTENTS_SCRIPT = /* lua */ `
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
  head('waiting', 0, redis.call('LINDEX', prefix .. 'wait', -1))
  head('delayed', 0, redis.call('ZRANGE', prefix .. 'delayed', 0, 0)[1])
  for at = 2, #ARGV do
    local priority = tonumber(ARGV[at])
    local from, to = string.format('%.0f', priority * 4294967296), string.format('(%.0f', (priority + 1) * 4294967296)
    head('waiting', priority, redis.call('ZRANGEBYSCORE', prefix .. 'prioritized', from, to, 'LIMIT', 0, 1)[1])
  end
  all[#all + 1] = {
    redis.call('HEXISTS', prefix .. 'meta', 'paused'),
    redis.call('LLEN', prefix .. 'wait') + redis.call('ZCARD', prefix .. 'prioritized'),
    redis.call('ZCOUNT', prefix .. 'prioritized', heldFrom, '+inf'),
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
