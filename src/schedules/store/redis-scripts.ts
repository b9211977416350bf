/** KEYS records, due, names, version. A record is `VERSION:JSON`. Answers are name, when it is due or nothing, record, again and again. */
const FOUND = `
local function found(names)
  local answer = {}
  if #names == 0 then return answer end
  local records = redis.call('HMGET', KEYS[1], unpack(names))
  for index, name in ipairs(names) do
    if records[index] then
      answer[#answer + 1] = name
      answer[#answer + 1] = redis.call('ZSCORE', KEYS[2], name) or ''
      answer[#answer + 1] = records[index]
    end
  end
  return answer
end
`;

/** ARGV names. */
export const GET = `${FOUND}
return found(ARGV)
`;

/** ARGV name, the version that it has or 0, when it is due or nothing, JSON; again and again. Answers the names of those that were written. */
export const PUT = `
local written = {}
for index = 1, #ARGV, 4 do
  local name, expected, due, json = ARGV[index], ARGV[index + 1], ARGV[index + 2], ARGV[index + 3]
  local record = redis.call('HGET', KEYS[1], name)
  local version = record and string.match(record, '^(%d+):') or '0'
  if version == expected then
    redis.call('HSET', KEYS[1], name, string.format('%.0f:', redis.call('INCR', KEYS[4])) .. json)
    if due == '' then redis.call('ZREM', KEYS[2], name) else redis.call('ZADD', KEYS[2], due, name) end
    if not record then redis.call('ZADD', KEYS[3], 0, name) end
    written[#written + 1] = name
  end
end
return written
`;

/** ARGV when they are due, then name and the version that it has, again and again. */
export const POSTPONE = `
for index = 2, #ARGV, 2 do
  local record = redis.call('HGET', KEYS[1], ARGV[index])
  if record and (string.match(record, '^(%d+):') or '0') == ARGV[index + 1] then
    redis.call('ZADD', KEYS[2], 'XX', ARGV[1], ARGV[index])
  end
end
`;

/** ARGV name. Answers 1 where there was one. */
export const REMOVE = `
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1])
`;

/** ARGV now, how many at most. */
export const DUE = `${FOUND}
return found(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2]))
`;

/** ARGV from, to, as ZRANGEBYLEX takes them, how many at most. */
export const LIST = `${FOUND}
return found(redis.call('ZRANGEBYLEX', KEYS[3], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3]))
`;

/** ARGV now. Answers how many there are, how many are due, and when the first is due. */
export const FIGURES = `
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
return { redis.call('ZCARD', KEYS[3]), redis.call('ZCOUNT', KEYS[2], '-inf', ARGV[1]), first[2] }
`;
