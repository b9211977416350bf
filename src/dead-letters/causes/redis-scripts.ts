/**
 * Five keys of a queue:
 * OF (hash) id -> `CAUSE:EXPECTED:END`; MEMBERS (sorted by text) `CAUSE:END:ID`; COUNTS (sorted set) cause -> count;
 * CAUSES (hash) cause -> `END:EXPECTED:JSON` of its newest; FAILURES (sorted set) id -> end, without what was expected.
 * END in MEMBERS has 16 digits, so that text order is the order of ends. A cause has no colon.
 */
const REMOVE = `
local function remove(id, old)
  local cause, expected, ended = string.match(old, '^([^:]*):(%d):(%d+)$')
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[2], cause .. ':' .. string.rep('0', 16 - #ended) .. ended .. ':' .. id)
  redis.call('ZREM', KEYS[5], id)
  if tonumber(redis.call('ZINCRBY', KEYS[3], -1, cause)) <= 0 then
    redis.call('ZREM', KEYS[3], cause)
    redis.call('HDEL', KEYS[4], cause)
  end
end
`;

/** ARGV of each letter: id, cause, 1 where expected, end, JSON of name and reason. */
export const PUT = `${REMOVE}
for at = 1, #ARGV, 5 do
  local id, cause, expected, ended, about = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local old = redis.call('HGET', KEYS[1], id)
  local new = cause .. ':' .. expected .. ':' .. ended
  if old ~= new then
    if old then remove(id, old) end
    redis.call('HSET', KEYS[1], id, new)
    redis.call('ZADD', KEYS[2], 0, cause .. ':' .. string.rep('0', 16 - #ended) .. ended .. ':' .. id)
    redis.call('ZINCRBY', KEYS[3], 1, cause)
    if expected == '0' then redis.call('ZADD', KEYS[5], ended, id) end
    local known = redis.call('HGET', KEYS[4], cause)
    if not known or tonumber(string.match(known, '^%d+')) <= tonumber(ended) then
      redis.call('HSET', KEYS[4], cause, ended .. ':' .. expected .. ':' .. about)
    end
  end
end
`;

/** ARGV of each letter: id, end. */
export const DROP = `${REMOVE}
for at = 1, #ARGV, 2 do
  local old = redis.call('HGET', KEYS[1], ARGV[at])
  if old and string.match(old, '%d+$') == ARGV[at + 1] then remove(ARGV[at], old) end
end
`;

/** ARGV: skip, limit, and the cause where only that one is asked for. Answers of each cause: itself, its count, what is kept of its newest, its first and its last member. */
export const CAUSES = `
local found = {}
local causes
if ARGV[3] then
  local count = redis.call('ZSCORE', KEYS[3], ARGV[3])
  causes = count and { ARGV[3], count } or {}
else
  causes = redis.call('ZREVRANGE', KEYS[3], ARGV[1], ARGV[1] + ARGV[2] - 1, 'WITHSCORES')
end
for at = 1, #causes, 2 do
  local cause = causes[at]
  local low, high = '[' .. cause .. ':', '(' .. cause .. ';'
  found[#found + 1] = cause
  found[#found + 1] = causes[at + 1]
  found[#found + 1] = redis.call('HGET', KEYS[4], cause)
  found[#found + 1] = redis.call('ZRANGEBYLEX', KEYS[2], low, high, 'LIMIT', 0, 1)[1]
  found[#found + 1] = redis.call('ZREVRANGEBYLEX', KEYS[2], high, low, 'LIMIT', 0, 1)[1]
end
return found
`;

/**
 * ARGV: from, step, steps, then causes. Answers for each cause that struck in that time its place among them and as many counts as there are steps: most
 * causes that a page asks for are those of other queues.
 */
export const STRIKES = `
local from, step, steps = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local found = {}
local function count(cause, first, last)
  local low = string.format('[%s:%016.0f', cause, from + first * step)
  local high = string.format('(%s:%016.0f', cause, from + last * step)
  return redis.call('ZLEXCOUNT', KEYS[2], low, high)
end
for at = 4, #ARGV do
  if redis.call('ZSCORE', KEYS[3], ARGV[at]) and count(ARGV[at], 0, steps) > 0 then
    found[#found + 1] = at - 4
    for nth = 0, steps - 1 do found[#found + 1] = count(ARGV[at], nth, nth + 1) end
  end
end
return found
`;
