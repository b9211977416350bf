/** Lua that Redis runs as one step. Keys and arguments are named at each. */

const INFO = `
local function info(list)
  local map = {}
  for i = 1, #list, 2 do map[list[i]] = list[i + 1] end
  return map
end
`;

/**
 * Adds events, in their order. An error at one leaves those before it: their publishers are told that they failed, and publish again.
 * KEYS stream. ARGV about how many to keep, then type and text of each. Returns their ids.
 */
export const ADD_MANY = `
local ids = {}
for i = 2, #ARGV, 2 do
  ids[#ids + 1] = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'type', ARGV[i], 'event', ARGV[i + 1])
end
return ids
`;

/**
 * Creates a group unless it stands, with its position counted (Redis 7): so that a trim past it can be told later.
 * KEYS stream. ARGV group, "now" or "start". Returns 1 when it was created.
 */
export const CREATE_GROUP = `${INFO}
local at, read = '0', '0'
if redis.call('EXISTS', KEYS[1]) == 1 then
  local stream = info(redis.call('XINFO', 'STREAM', KEYS[1]))
  local added = stream['entries-added'] or stream['length']
  if ARGV[2] == 'now' then at = stream['last-generated-id'] end
  read = tostring(ARGV[2] == 'now' and added or added - stream['length'])
end
local done = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], at, 'MKSTREAM', 'ENTRIESREAD', read)
if done.err and not string.find(done.err, 'BUSYGROUP') then
  done = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], at, 'MKSTREAM')
end
if not done.err then return 1 end
if string.find(done.err, 'BUSYGROUP') then return 0 end
return done
`;

/**
 * Since version 7 (which names itself to scripts) XCLAIM takes a delivery off the list when its entry was trimmed. It is left there
 * untouched: the next XAUTOCLAIM of another consumer takes it off, whatever its idle time, and tells it as deleted. Its holder goes on with
 * what it has in memory. Before 7 XCLAIM keeps it, as any other.
 */
const STAY = `
local function stay(id, isThere, ...)
  if isThere or not redis.REDIS_VERSION_NUM then redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, ...) end
end
`;

/**
 * Says of deliveries that they are still being worked on. Another consumer may have claimed some of them meanwhile: those stay its.
 * KEYS stream. ARGV group, consumer, ids ...
 */
export const KEEP = `${STAY}
local function parts(id)
  local ms, sequence = string.match(id, '(%d+)-(%d+)')
  return tonumber(ms), tonumber(sequence)
end
-- A trim takes the oldest. Each entry by itself would bring its whole text here.
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local firstMs, firstSequence = parts(first and first[1] or '')
for i = 3, #ARGV do
  if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2]) > 0 then
    local ms, sequence = parts(ARGV[i])
    stay(ARGV[i], first and (ms > firstMs or (ms == firstMs and sequence >= firstSequence)), 'JUSTID')
  end
end
return 1
`;

/**
 * Sets how often an entry was delivered, and how long it seems to lie idle (so that others claim it at once, or not).
 * KEYS stream. ARGV group, consumer, id, deliveries, idle in ms. Returns "ours"; "gone" when it is no longer in the stream and nobody
 * else has it: only its holder can go on with it; or "theirs": another consumer has claimed it, and may have ended it.
 */
export const MARK = `${STAY}
local isThere = #redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3]) > 0
if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2]) > 0 then
  stay(ARGV[3], isThere, 'IDLE', ARGV[5], 'RETRYCOUNT', ARGV[4], 'JUSTID')
  return isThere and 'ours' or 'gone'
end
if isThere or #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1) > 0 then return 'theirs' end
return 'gone'
`;

/**
 * Puts an event whose entry was trimmed back for its group alone.
 * KEYS stream. ARGV group, id of the entry, type, event, how often it was delivered.
 */
export const PUT_BACK = `
redis.call('XADD', KEYS[1], '*', 'type', ARGV[3], 'event', ARGV[4], 'only', ARGV[1], 'spent', ARGV[5])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return 1
`;

/**
 * Writes a dead letter and acknowledges the entry, or does neither. Letters that are too old go: by the time of Redis, which gave them their ids.
 * The time of a host that is wrong by a year would take all of them.
 * KEYS stream, dead letters. ARGV group, id, seconds that a letter is kept, fields and values ... Returns the letter's id.
 */
export const BURY = `
local oldest = string.format('%.0f', math.max(0, tonumber(redis.call('TIME')[1]) - tonumber(ARGV[3])) * 1000)
local letter = redis.call('XADD', KEYS[2], 'MINID', '~', oldest .. '-0', '*', unpack(ARGV, 4))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return letter
`;

/**
 * Puts a dead letter's event back for its group alone, and takes the letter away; where the group is gone, the letter stays.
 * KEYS stream, dead letters. ARGV letter. Returns 1, or 0 when there is none, or nobody to have it.
 */
export const REPLAY_LETTER = `${INFO}
local found = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])
if #found == 0 then return 0 end
local fields = {}
for i = 1, #found[1][2], 2 do fields[found[1][2][i]] = found[1][2][i + 1] end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for _, each in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  if info(each)['name'] == fields['group'] then
    redis.call('XADD', KEYS[1], '*', 'type', fields['type'], 'event', fields['event'], 'only', fields['group'])
    redis.call('XDEL', KEYS[2], ARGV[1])
    return 1
  end
end
return 0
`;

/**
 * How a group stands, and how many entries were trimmed before it had them: told once, then counted as read. Where Redis does not
 * count (before 7), it says nothing.
 * KEYS stream. ARGV group. Returns entries to come, entries under way, entries lost.
 */
export const INSPECT = `${INFO}
if redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0, 0} end
local stream = info(redis.call('XINFO', 'STREAM', KEYS[1]))
for _, each in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = info(each)
  if group['name'] == ARGV[1] then
    local added, read, last = stream['entries-added'], group['entries-read'], group['last-delivered-id']
    if not added or not read then return {0, group['pending'], 0} end
    local position = read
    local first = stream['first-entry']
    if last == stream['last-generated-id'] then
      position = added
    elseif not first or #redis.call('XRANGE', KEYS[1], '-', last, 'COUNT', 1) == 0 then
      -- Nothing is left up to where it stands: it will go on with the first that is.
      position = math.max(read, added - stream['length'])
    end
    if position > read then redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], last, 'ENTRIESREAD', position) end
    return {added - position, group['pending'], position - read}
  end
end
return {0, 0, 0}
`;

/**
 * Takes a consumer off its group unless deliveries of it are open: they would be lost with it.
 * KEYS stream. ARGV group, consumer.
 */
export const LEAVE = `
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
return 1
`;

/** How many entries there are behind one, counted up to a thousand. KEYS stream. ARGV id. */
export const COUNT_BEHIND = "return #redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', 1000)";
