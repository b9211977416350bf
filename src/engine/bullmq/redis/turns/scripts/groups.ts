/** The keys of a turn with limits, behind those of every turn. */
export const GROUP_KEYS = ['groups:ready', 'groups:timed', 'groups:paused', 'groups:turn', 'groups:expiring'] as const;

/**
 * Groups: jobs that share a limit. KEYS 14 to 18: `ready` (groups of which a job may start, in the order in which it is their turn), `timed`
 * (groups that wait, by when they are looked at again), `paused` (a hash: until when, and whether one at a time is let through afterwards),
 * the counter of turns, and `expiring` (jobs in lines, by when they only end). A group's own keys: `line` (its jobs that wait, in their order), `runs` (its jobs that run, by when their locks were
 * last looked at), `starts` (times of its last starts) and `pace` (when the next is due). A group without jobs has no keys.
 *
 * In `paused` stand a breaker's pauses under the name of the group, a person's behind a `!`: of a group, of all groups of a limit (its name alone),
 * or of a contract (`job/NAME`). While a group is paused or has a line, the queue's `meta` says so (`groups`): a turn without limits then asks for
 * one with them.
 *
 * A job in a line stands also in BullMQ's `prioritized`, behind all others (from HELD on). That place is what counts: where another program has
 * taken or removed the job, its place in the line means nothing.
 *
 * ARGV behind the tokens: how many limits, how many releases, how many expiries; 7 for each limit (name, concurrency, max, window, interval, slack, order),
 * 3 for each release (of which end, 0: of none, job, group), 2 for each expiry (name of a job, ms after which it only ends).
 */
export const GROUPS = /* lua */ `
local HELD, ONE_PRIORITY = 18014398509481984, 4294967296
local LOOK_AGAIN_MS, LOOKED_AT_LEAST_MS, LOCKS_LOOKED_AT, DUE_AT_MOST, KEPT_MS = 5000, 60000, 5, 100, 60000
local ready, timed, paused, turns, expiring = KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18]
local limitsAt = tokensAt + tokens + 1
local limits, NO_LIMIT, anyStrict = {}, {}, false
for i = 1, tonumber(ARGV[limitsAt]) do
  local at = limitsAt + 7 * i - 4
  limits[ARGV[at]] = {
    concurrency = tonumber(ARGV[at + 1]), max = tonumber(ARGV[at + 2]), window = tonumber(ARGV[at + 3]),
    interval = tonumber(ARGV[at + 4]), slack = tonumber(ARGV[at + 5]), strict = ARGV[at + 6] == 'strict',
  }
  anyStrict = anyStrict or ARGV[at + 6] == 'strict'
end
local anyPaused, anyExpiring = call('EXISTS', paused) == 1, call('EXISTS', expiring) == 1
local expires = {}

local function lineOf(group) return prefix .. 'group:line:' .. group end
local function runsOf(group) return prefix .. 'group:runs:' .. group end
local function startsOf(group) return prefix .. 'group:starts:' .. group end
local function paceOf(group) return prefix .. 'group:pace:' .. group end
local function limitOf(group) return limits[string.match(group, '^[^/]*')] or NO_LIMIT end

-- Whether a strict group is this job's: it was started, and has not ended.
local function hasGroup(group, id) return limitOf(group).strict and call('ZSCORE', runsOf(group), id) end

-- A job that has neither a lock nor an end has its strict group still: it waits for its next attempt, or for a worker.
local function isUnfinished(id, group)
  local stored = redis.pcall('HMGET', prefix .. id, 'opts', 'finishedOn')
  return stored[1] and not stored[2] and string.find(stored[1], '"' .. group .. '"', 1, true)
end

-- The order in which a job needs its groups: strict ones first, by their names, so that no two jobs wait for each other's.
local function inOrder(groups)
  if not anyStrict then return groups end
  local ordered, others = {}, {}
  for _, group in ipairs(groups) do
    local part = limitOf(group).strict and ordered or others
    part[#part + 1] = group
  end
  table.sort(ordered)
  for _, group in ipairs(others) do ordered[#ordered + 1] = group end
  return ordered
end

-- Whose turn it is in a strict group has it while another group keeps it.
local function claimGroups(groups, upTo, id)
  for i = 1, upTo do
    if limitOf(groups[i]).strict then
      --#its-turn
      call('ZADD', runsOf(groups[i]), 'NX', now, id)
    end
  end
end

-- At the head of its priority.
local function headOf(id) return (tonumber(call('HGET', prefix .. id, 'priority')) or 0) * ONE_PRIORITY end

-- When a group that waits is looked at again: soon enough where the time that was told has come to mean nothing.
local function lookAt(group, at)
  at = math.min(at, now + LOOKED_AT_LEAST_MS)
  call('ZADD', timed, at, group)
  -- An idle worker of another process wakes then.
  call('ZADD', marker, 'LT', at, '1')
end

-- A group of which a job may start stands behind those of the same priority whose turn it is before.
local function rank(group)
  local head = call('ZRANGE', lineOf(group), 0, 0, 'WITHSCORES')
  if head[1] then
    local priority = math.floor(head[2] / ONE_PRIORITY)
    call('ZADD', ready, priority * ONE_PRIORITY + call('INCR', turns) % ONE_PRIORITY, group)
  else
    --#line-is-empty
    call('ZREM', ready, group)
  end
end

-- Those that other programs have ended, or whose processes are gone, have no lock. A few are looked at each time, in turns.
-- Answers after how many milliseconds to look again; nil where there is room.
local function isFull(group, concurrency, id)
  local runs = runsOf(group)
  local count = call('ZCARD', runs)
  if count < concurrency then return nil end
  if call('ZSCORE', runs, id) then
    --#has-its-place-still
    return nil
  end
  local after = LOOK_AGAIN_MS
  for _, other in ipairs(call('ZRANGE', runs, 0, LOCKS_LOOKED_AT - 1)) do
    if call('EXISTS', prefix .. other .. ':lock') == 1 then
      call('ZADD', runs, now, other)
    elseif limitOf(group).strict and isUnfinished(other, group) then
      --#has-its-group-still
      after = LOOKED_AT_LEAST_MS
    else
      --#runs-no-more
      call('ZREM', runs, other)
      count = count - 1
    end
  end
  return count >= concurrency and after or nil
end

-- Why no job of the group may start: when to look again; nil where one may. And whether it would find out if a pause is over.
local function waitsUntil(group, id)
  local limit = limitOf(group)
  local concurrency, probes = limit.concurrency, false
  if anyPaused then
    local till
    local names = { group, '!' .. group, '!' .. string.match(group, '^[^/]*') }
    for i, pause in ipairs(call('HMGET', paused, unpack(names))) do
      local over, kind = string.match(pause or '', '^(%d+):(%d)$')
      over = tonumber(over)
      if over and over > now then
        --#paused
        till = math.max(till or 0, over)
      elseif kind == '1' then
        --#probes
        concurrency, probes = 1, true
      elseif over then
        --#pause-is-over
        call('HDEL', paused, names[i])
      end
    end
    if till then return till, false end
  end
  local after = concurrency and isFull(group, concurrency, id)
  if after then
    --#full
    return now + after, probes
  end
  if not limit.max then return nil, probes end
  local due = tonumber(call('GET', paceOf(group)) or 0)
  -- A server's clock that has gone back must not stop a group.
  if due - limit.slack > now and due < now + limit.window + limit.interval then
    --#too-early
    return math.ceil(due - limit.slack), probes
  end
  local starts = startsOf(group)
  if call('LLEN', starts) < limit.max then return nil, probes end
  local over = tonumber(call('LINDEX', starts, limit.max - 1)) + limit.window
  if over > now and over < now + 2 * limit.window then
    --#window-is-full
    return over, probes
  end
  return nil, probes
end

-- A job of the group starts.
local function spend(group, id, probes)
  local limit = limitOf(group)
  if limit.concurrency or probes then
    --#runs
    call('ZADD', runsOf(group), now, id)
  end
  if not limit.max then return end
  --#starts
  local starts = startsOf(group)
  call('LPUSH', starts, nowText)
  call('LTRIM', starts, 0, limit.max - 1)
  call('PEXPIRE', starts, limit.window + KEPT_MS)
  local due = tonumber(call('GET', paceOf(group)) or 0)
  if due < now or due > now + limit.window + limit.interval then due = now end
  call('SET', paceOf(group), string.format('%.3f', due + limit.interval), 'PX',
    math.ceil(due - now + limit.interval + KEPT_MS))
end

-- Moves a job that must wait into the line of a group that keeps it, at its place there.
local function setAside(id, score, group, at, expiry)
  --#set-aside
  call('ZADD', prioritized, HELD + score, id)
  if hasGroup(group, id) then
    --#before-all-others
    call('ZADD', lineOf(group), -1, id)
  else
    call('ZADD', lineOf(group), 'NX', score, id)
  end
  if expiry then
    --#will-expire
    call('ZADD', expiring, expiry, id)
    call('ZADD', marker, 'LT', expiry, '1')
    anyExpiring = true
  end
  if call('ZSCORE', ready, group) then
    if at then
      --#ready-no-more
      call('ZREM', ready, group)
      lookAt(group, at)
    end
  elseif at or not call('ZSCORE', timed, group) then
    lookAt(group, at or now)
  end
end

local expiriesAt = limitsAt + 3 + 7 * ARGV[limitsAt] + 3 * ARGV[limitsAt + 1]
for i = 0, ARGV[limitsAt + 2] - 1 do expires[ARGV[expiriesAt + 2 * i]] = tonumber(ARGV[expiriesAt + 2 * i + 1]) end

-- Jobs that ended make room in their groups.
local releasesAt = limitsAt + 3 + 7 * ARGV[limitsAt]
for i = 1, tonumber(ARGV[limitsAt + 1]) do
  local at = releasesAt + 3 * (i - 1)
  local nth, id, group = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2]
  local what = nth > 0 and codes[nth] == 0 and ARGV[bodiesAt + 5 * (nth - 1)]
  if limitOf(group).strict and (what == 'r' or what == 'z' or what == 'b') then
    -- It has not ended: the group is its own.
    --#keeps-its-group
  -- One that is somebody else's by now has its place still.
  elseif nth == 0 or codes[nth] == 0 or codes[nth] == -1 then
    if call('ZREM', runsOf(group), id) == 1 and call('ZSCORE', timed, group) then
      --#room-again
      call('ZADD', timed, now, group)
      if not isBlocked() then call('ZADD', marker, 0, '0') end
    end
  end
end
`;

/**
 * What groups a stored job belongs to: none where it only ends, without a run, as no limit keeps it then. And from when on it will only end, where
 * that is known. Needs the locals `anyPaused`, `paused` and `expires` (ms by the names of jobs).
 */
export const GROUPS_OF = /* lua */ `
local GROUPS_AT_MOST = 8
local function groupsOf(id)
  local stored = redis.pcall('HMGET', prefix .. id, 'opts', 'defa', 'progress', 'name', 'timestamp')
  if stored.err or stored[2] then return {} end
  if stored[3] and string.find(stored[3], '"cancel":{', 1, true) then
    --#cancelled
    return {}
  end
  local after, expiry = expires[stored[4]], nil
  if after and tonumber(stored[5]) then
    expiry = stored[5] + after + 1
    if expiry <= now then
      --#expired
      return {}
    end
  end
  local found = {}
  if anyPaused and stored[4] and call('HEXISTS', paused, '!job/' .. stored[4]) == 1 then
    --#contract-paused
    found[1] = 'job/' .. stored[4]
  end
  local ok, opts = pcall(cjson.decode, stored[1])
  local groups = ok and type(opts) == 'table' and opts.groups
  if type(groups) ~= 'table' then return found, expiry end
  for i = 1, math.min(#groups, GROUPS_AT_MOST) do
    if type(groups[i]) == 'string' then found[#found + 1] = groups[i] end
  end
  return found, expiry
end
`;

/** KEYS: paused, meta. ARGV: field, pause. */
export const PAUSE_GROUP = /* lua */ `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], 'groups', '1')
`;

/** KEYS: paused, timed, marker. ARGV: field, group. Its jobs are looked at again at once: those of all its groups, where it is a limit's name alone. */
export const RESUME_GROUP = /* lua */ `
local call = redis.call
call('HDEL', KEYS[1], ARGV[1])
local function look(group)
  call('ZADD', KEYS[2], 'XX', 0, group)
  call('ZADD', KEYS[3], 0, '0')
end
if string.find(ARGV[2], '/', 1, true) then
  if call('ZSCORE', KEYS[2], ARGV[2]) then look(ARGV[2]) end
else
  for _, group in ipairs(call('ZRANGE', KEYS[2], 0, -1)) do
    if string.sub(group, 1, #ARGV[2] + 1) == ARGV[2] .. '/' then look(group) end
  end
end
`;

/**
 * KEYS: prioritized, active, meta, marker, the job. ARGV: id. A job that stands behind all others is the next of its priority, as one that was handed
 * back. Its place in a line means nothing from then on.
 */
export const BRING_FORWARD = /* lua */ `
local call = redis.call
local place = call('ZSCORE', KEYS[1], ARGV[1])
if not place or tonumber(place) < 18014398509481984 then return end
call('ZADD', KEYS[1], (tonumber(call('HGET', KEYS[5], 'priority')) or 0) * 4294967296, ARGV[1])
local state = call('HMGET', KEYS[3], 'paused', 'concurrency')
if not state[1] and not (state[2] and call('LLEN', KEYS[2]) >= tonumber(state[2])) then call('ZADD', KEYS[4], 0, '0') end
`;
