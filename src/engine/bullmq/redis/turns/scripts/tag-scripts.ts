/**
 * The index of tags of one queue: a sorted set of one score, `tags:jobs`, whose members are a digest and the id of a job that carries it. What the
 * script of an add writes there, retention takes away; what another program has removed is dropped when it is met.
 */
export const TAG_INDEX = 'tags:jobs';

/** Parts of scripts that have the locals `call` and `prefix`. */
export const UNTAG = /* lua */ `
-- Takes a job out of the index: tags are those that it has had.
local function untag(id, tags)
  for digest in string.gmatch(tags, '%S+') do call('ZREM', prefix .. '${TAG_INDEX}', digest .. ' ' .. id) end
end
`;
export const RETAG = /* lua */ `${UNTAG}
-- A job that waits has these tags from now on, or none.
local function retag(id, tags)
  local before = call('HGET', prefix .. id, 'tg') or ''
  if before == tags then return end
  untag(id, before)
  if tags == '' then
    call('HDEL', prefix .. id, 'tg')
    return
  end
  call('HSET', prefix .. id, 'tg', tags)
  for digest in string.gmatch(tags, '%S+') do call('ZADD', prefix .. '${TAG_INDEX}', 0, digest .. ' ' .. id) end
end
`;

/** KEYS: 1 the index. ARGV: 1 prefix of the queue's keys, 2 whether the jobs may be missing yet, then id and tags of each. */
export const TAG_SCRIPT = /* lua */ `
for i = 3, #ARGV, 2 do
  local id, tags = ARGV[i], ARGV[i + 1]
  local isThere = redis.call('EXISTS', ARGV[1] .. id) == 1
  if isThere then redis.call('HSET', ARGV[1] .. id, 'tg', tags) end
  if isThere or ARGV[2] == '1' then
    for digest in string.gmatch(tags, '%S+') do redis.call('ZADD', KEYS[1], 0, digest .. ' ' .. id) end
  end
end
`;

/**
 * KEYS: 1 the index. ARGV: 1 prefix of the queue's keys, 2 how many at most, 3 the name of a contract or nothing, 4 the id behind which it goes on or
 * nothing, then digests. Ids of jobs that carry all, backwards, behind the id at which the look ended; that is empty at the end of the index.
 */
export const FIND_TAGGED_SCRIPT = /* lua */ `
local index, prefix, most, name, behind, first = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local found = { '' }
local before = '(' .. first .. '!'
if behind ~= '' then before = '(' .. first .. ' ' .. behind end
for _ = 1, 20 do
  local members = redis.call('ZREVRANGEBYLEX', index, before, '[' .. first .. ' ', 'LIMIT', 0, 500)
  if #members == 0 then return found end
  for _, member in ipairs(members) do
    local id = string.sub(member, #first + 2)
    if redis.call('EXISTS', prefix .. id) == 0 then
      redis.call('ZREM', index, member)
    else
      local all = name == '' or redis.pcall('HGET', prefix .. id, 'name') == name
      for i = 6, #ARGV do all = all and redis.call('ZSCORE', index, ARGV[i] .. ' ' .. id) end
      if all then found[#found + 1] = id end
      if #found > most then
        found[1] = id
        return found
      end
    end
  end
  before = '(' .. members[#members]
end
found[1] = string.sub(before, #first + 3)
return found
`;

/** KEYS: 1 the index. ARGV: 1 prefix of the queue's keys, 2 a cursor. Answers the next cursor. */
export const SWEEP_TAGS_SCRIPT = /* lua */ `
local answer = redis.call('ZSCAN', KEYS[1], ARGV[2], 'COUNT', 500)
for i = 1, #answer[2], 2 do
  local member = answer[2][i]
  local id = string.match(member, '^%S+ (.*)$')
  if id and redis.call('EXISTS', ARGV[1] .. id) == 0 then redis.call('ZREM', KEYS[1], member) end
end
return answer[1]
`;
