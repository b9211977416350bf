/**
 * An entry is a field of its collection's hash, `VERSION:EXPIRES:JSON`; a sorted set beside it orders names by expiry. The JSON is
 * never decoded in Lua, whose numbers and empty arrays differ.
 */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function versionOf(entry)
  if not entry then return 0 end
  local version, expires = string.match(entry, '^(%d+):(%d+):')
  if tonumber(expires) <= now then return 0 end
  return tonumber(version)
end
`;

/** KEYS hash, expiries, counter. ARGV name, expected version or '*', JSON, ttl. */
export const WRITE = `${NOW}
if ARGV[2] ~= '*' and tonumber(ARGV[2]) ~= versionOf(redis.call('HGET', KEYS[1], ARGV[1])) then return false end
local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 20)
if #old > 0 then
  redis.call('HDEL', KEYS[1], unpack(old))
  redis.call('ZREM', KEYS[2], unpack(old))
end
local version = redis.call('INCR', KEYS[3])
-- Greater than every earlier one even when the counter was lost with the rest of the data.
if version < now then
  version = now
  redis.call('SET', KEYS[3], string.format('%.0f', version))
end
local expires = now + tonumber(ARGV[4])
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:%.0f:', version, expires) .. ARGV[3])
redis.call('ZADD', KEYS[2], expires, ARGV[1])
return string.format('%.0f', version)
`;

/** KEYS hash. ARGV names. Answers entries or false, and behind them the time. */
export const READ = `${NOW}
local entries = redis.call('HMGET', KEYS[1], unpack(ARGV))
for index, entry in ipairs(entries) do
  if versionOf(entry) == 0 then entries[index] = false end
end
entries[#ARGV + 1] = string.format('%.0f', now)
return entries
`;

/** KEYS hash, expiries. Answers the time, then name, entry, name, entry... */
export const LIST = `${NOW}
local found = { string.format('%.0f', now) }
local names = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. string.format('%.0f', now), '+inf')
for _, name in ipairs(names) do
  found[#found + 1] = name
  found[#found + 1] = redis.call('HGET', KEYS[1], name)
end
return found
`;

/** KEYS hash, expiries. ARGV how many, within how many milliseconds they expire, or nothing. As LIST, those that expire last first. */
export const LATEST = `${NOW}
local found = { string.format('%.0f', now) }
local last = ARGV[2] == '' and '+inf' or string.format('%.0f', now + ARGV[2])
local names = redis.call('ZREVRANGEBYSCORE', KEYS[2], last, '(' .. string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
for _, name in ipairs(names) do
  found[#found + 1] = name
  found[#found + 1] = redis.call('HGET', KEYS[1], name)
end
return found
`;

/** KEYS hash, expiries. ARGV name, expected version or '*'. */
export const DELETE = `${NOW}
local version = versionOf(redis.call('HGET', KEYS[1], ARGV[1]))
if version == 0 or (ARGV[2] ~= '*' and tonumber(ARGV[2]) ~= version) then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
`;
