/**
 * KEYS: of each queue the prefix of its keys. Answers for each queue how many bytes its jobs take that wait, run, are delayed, have succeeded and are
 * dead, and its events: of each kind a few jobs are measured, from both of its ends.
 */
export const SPACE_SCRIPT = /* lua */ `
local SAMPLED = 3
local function bytesOf(key, ...)
  local bytes = redis.pcall('MEMORY', 'USAGE', key, ...)
  return type(bytes) == 'number' and bytes or 0
end
local all = {}
for nth, prefix in ipairs(KEYS) do
  if string.sub(prefix, -7) == '~moving' then break end
  local function space(name, isList)
    local set = prefix .. name
    local count = redis.call(isList and 'LLEN' or 'ZCARD', set)
    if count == 0 then return 0 end
    local range = isList and 'LRANGE' or 'ZRANGE'
    local ids = redis.call(range, set, 0, SAMPLED - 1)
    if count > SAMPLED then
      for i, id in ipairs(redis.call(range, set, -math.min(SAMPLED, count - SAMPLED), -1)) do ids[#ids + 1] = id end
    end
    local sum = 0
    for i, id in ipairs(ids) do sum = sum + bytesOf(prefix .. id) end
    return math.floor(sum / #ids * count) + bytesOf(set, 'SAMPLES', SAMPLED)
  end
  all[#all + 1] = {
    space('wait', true) + space('prioritized', false),
    space('active', true),
    space('delayed', false) + space('waiting-children', false),
    space('completed', false),
    space('failed', false),
    bytesOf(prefix .. 'events', 'SAMPLES', SAMPLED),
  }
end
return all
`;
