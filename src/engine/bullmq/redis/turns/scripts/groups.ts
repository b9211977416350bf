// Long because what groups are, what a turn decides about them and what its ends release share their keys and words.
import { IS_UNFINISHED } from './groups-of.ts';

/** The keys of a turn with limits, behind those of every turn. */
export const GROUP_KEYS = [
  'groups:ready',
  'groups:timed',
  'groups:paused',
  'groups:turn',
  'groups:expiring',
  'groups:tiers',
  'groups:kept',
] as const;

/**
 * Groups: jobs that share a limit. KEYS 14 to 20: `ready` (groups of which a job may start, in the order in which it is their turn), `timed`
 * (groups that wait, by when they are looked at again), `paused` (a hash: until when, and whether one at a time is let through afterwards),
 * the counter of turns, `expiring` (jobs in lines, by when they only end), `tiers` (a hash: the numbers of groups that have a line and numbers of their own, behind when the
 * job was added that brought them), and `kept` (strict groups that are a job's, so that those are found whose job another program has removed). A group's own keys: `line` (its jobs that wait, in their order), `runs` (its jobs that run, by when their locks were
 * last looked at), `starts` (times of its last starts) and `pace` (when the next is due). A group without jobs has no keys.
 *
 * In `paused` stand a breaker's pauses under the name of the group, a person's behind a `!`: of a group, of all groups of a limit (its name alone),
 * or of a contract (`job/NAME`). Since something was paused the queue's `meta` says so (`groups`), until no group is paused or has a line: a turn
 * without limits then asks for one with them.
 *
 * A job in a line stands also in BullMQ's `prioritized`, behind all others: from PARKED on where it awaits the turn of its group, from HELD on where
 * something keeps it. That place is what counts: where another program has taken or removed the job, its place in the line means nothing. The lines of
 * groups that are fair have all their jobs from PARKED on, also while a limit keeps the group.
 *
 * ARGV behind the tokens: how many limits, how many releases, how many expiries; 9 for each limit (name, concurrency, max, window, interval, slack, order, whether fair, whether groups have numbers of their own),
 * 2 for each release (of which end, or of which job behind a `=` where that was written before; group), 2 for each expiry (name of a job, ms after which it only ends).
 */
export const GROUPS = /* lua */ `
local HELD, PARKED, ONE_PRIORITY = 18014398509481984, 9007199254740992, 4294967296
local STEP, RENUMBERED_FROM = 1000, 4278190080
local LOOK_AGAIN_MS, LOOKED_AT_LEAST_MS, LOCKS_LOOKED_AT, LOCKS_HOLD_MS, DUE_AT_MOST, KEPT_MS = 5000, 60000, 5, 1000, 100, 60000
local LATE_MS, LATE_AT_MOST_MS = 250, 3600000
local ready, timed, paused, turns, expiring, tiersKey, kept = KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18], KEYS[19], KEYS[20]
local now = tonumber(nowText)
-- One that an outage has kept on its way would count by a time that is over.
local time = call('TIME')
local serverTime = time[1] * 1000 + math.floor(time[2] / 1000)
if serverTime - now > LATE_MS and serverTime - now < LATE_AT_MOST_MS then
  --#came-late
  now = serverTime
  nowText = string.format('%.0f', now)
end
local limitsAt = tokensAt + tokens + 1
local limits, NO_LIMIT, anyStrict, anyConcurrency, anyFair = {}, {}, false, false, nil
for i = 1, tonumber(ARGV[limitsAt]) do
  local at = limitsAt + 9 * i - 6
  limits[ARGV[at]] = {
    concurrency = tonumber(ARGV[at + 1]), max = tonumber(ARGV[at + 2]), window = tonumber(ARGV[at + 3]),
    interval = tonumber(ARGV[at + 4]), slack = tonumber(ARGV[at + 5]), strict = ARGV[at + 6] == 'strict', fair = ARGV[at + 7] == 'fair',
    tiered = ARGV[at + 8] == 'tiered',
  }
  anyStrict = anyStrict or ARGV[at + 6] == 'strict'
  -- By itself, by its order, or by numbers of groups.
  anyConcurrency = anyConcurrency or ARGV[at + 1] ~= '' or ARGV[at + 6] == 'strict' or ARGV[at + 8] == 'tiered'
  -- Jobs that belong to none of its groups take turns as one.
  if ARGV[at + 7] == 'fair' then anyFair = anyFair or ARGV[at] .. '/' end
end
-- One look for all: nearly always there is none of them.
local anyAside = call('EXISTS', paused, expiring, timed) > 0
local anyPaused = anyAside and call('EXISTS', paused) == 1
local anyExpiring = anyAside and call('EXISTS', expiring) == 1
local anyTimed = anyAside and call('EXISTS', timed) == 1
-- A group that has a line is ready, or looked at at a time.
local anyLine = anyTimed or call('EXISTS', ready) == 1
local expires = {}

local function lineOf(group) return prefix .. 'group:line:' .. group end
local function runsOf(group) return prefix .. 'group:runs:' .. group end
local function startsOf(group) return prefix .. 'group:starts:' .. group end
local function paceOf(group) return prefix .. 'group:pace:' .. group end
local limitsByGroup = {}
local function limitOf(group)
  local limit = limitsByGroup[group]
  if not limit then
    limit = limits[string.match(group, '^[^/]*')] or NO_LIMIT
    limitsByGroup[group] = limit
  end
  return limit
end

-- The numbers that a job brings for a group; nil where they are none: another program may have stored anything.
local function broughtFor(group, tiers)
  local numbers = type(tiers) == 'table' and tiers[string.match(group, '^[^/]*')]
  if type(numbers) ~= 'table' or (#numbers ~= 1 and #numbers ~= 5) then return nil end
  for i, number in ipairs(numbers) do
    if type(number) ~= 'number' or not (number >= 0 and number <= 9007199254740991) or (i <= 3 and number % 1 ~= 0) then
      --#no-numbers
      return nil
    end
  end
  return numbers
end

-- The numbers of a group: as the newest job of its line has brought them, else as this job has.
local function numbersOf(group, tiers)
  local limit = limitOf(group)
  if not limit.tiered then return limit end
  local said = call('HGET', tiersKey, group)
  local numbers, first = nil, 1
  if said then
    numbers, first = cjson.decode(said), 2
  else
    numbers = broughtFor(group, tiers)
  end
  if not numbers then return limit end
  local concurrency, max = tonumber(numbers[first]) or 0, tonumber(numbers[first + 1]) or 0
  local own = { concurrency = concurrency > 0 and concurrency or limit.concurrency, max = limit.max, window = limit.window, interval = limit.interval, slack = limit.slack }
  if max > 0 then
    own.max, own.window, own.interval, own.slack = max, numbers[first + 2], numbers[first + 3], numbers[first + 4]
  end
  return own
end

-- Whether a strict group is this job's: it was started, and has not ended.
local function hasGroup(group, id) return limitOf(group).strict and call('ZSCORE', runsOf(group), id) end

${IS_UNFINISHED}
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

-- How many of a group run: asked once, of many groups together where nobody runs in any of them.
local runningIn = {}

-- Whose turn it is in a strict group has it while another group keeps it.
local function claimGroups(groups, upTo, id)
  for i = 1, upTo do
    if limitOf(groups[i]).strict then
      --#its-turn
      call('ZADD', runsOf(groups[i]), 'NX', now, id)
      runningIn[groups[i]] = nil
      call('SADD', kept, groups[i])
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

-- Groups of which a job may start take turns: each stands at a place that grows by STEP with each of its jobs, by less where it has more weight. One
-- that comes anew stands a step behind the place that was served last, so that coming again and again wins nothing.
local round = tonumber(call('GET', turns) or 0)
local roundBefore = round

-- Places have an end: those that wait get new ones, in their order, once in millions of jobs.
if round > RENUMBERED_FROM then
  --#renumbered
  local places = call('ZRANGE', ready, 0, -1, 'WITHSCORES')
  for i = 1, #places, 2 do
    call('ZADD', ready, math.floor(places[i + 1] / ONE_PRIORITY) * ONE_PRIORITY + (i + 1) / 2, places[i])
  end
  round = #places / 2
end

-- Those whose turn comes next, with their places, read some at once.
local ring, ringAt, ringIsWhole = {}, 1, false
-- Of their lines what was read of each at once: see take-with-limits.ts.
local headsRead = {}
-- What was drawn from its line, and has not begun, stands there again.
local function unread(group)
  local heads = headsRead[group]
  headsRead[group] = nil
  if heads and heads.score then call('ZADD', lineOf(group), heads.score, heads[1]) end
end
local function forgetRing()
  for group in pairs(headsRead) do unread(group) end
  ring, ringAt, ringIsWhole = {}, 1, false
end
-- New places of those that were served, written together: before anybody reads them again.
local served = { nil, nil }
local function writePlaces()
  if #served == 0 then return end
  call('ZADD', ready, unpack(served))
  served = {}
end

local RING_AT_MOST = 50
-- No more than may have their turn, and one more: whose turn comes next says for how long it is somebody's.
local function readRing(room)
  writePlaces()
  forgetRing()
  local most = math.min(RING_AT_MOST, room + 1)
  ring = call('ZRANGE', ready, 0, most - 1, 'WITHSCORES')
  for at = 2, #ring, 2 do ring[at] = tonumber(ring[at]) end
  ringIsWhole = #ring < 2 * most
end

-- Weight of one that comes back: it has waited since its turn, and stands where the one stands that was served last. That may have moved on since.
local AT_ONCE = math.huge

-- head: the score of its line's head, where that is known; false: it is empty.
local function rank(group, weight, head)
  writePlaces()
  unread(group)
  if head == nil then head = call('ZRANGE', lineOf(group), 0, 0, 'WITHSCORES')[2] end
  if head then
    local place = math.min(round + math.floor(STEP / (weight or 1)), ONE_PRIORITY - 1)
    local score = math.floor(head / ONE_PRIORITY) * ONE_PRIORITY + place
    call('ZADD', ready, string.format('%d', score), group)
    if ring[ringAt] and score < ring[#ring] then forgetRing() end
    ringIsWhole = false
  else
    --#line-is-empty
    call('ZREM', ready, group)
    if limitOf(group).tiered then call('HDEL', tiersKey, group) end
  end
end

local function running(group)
  local count = runningIn[group]
  if not count then
    count = call('ZCARD', runsOf(group))
    runningIn[group] = count
  end
  return count
end
-- Where somebody runs in some, others are likely to: each is asked for itself from then on.
local mayRunNowhere = true
local function lookForRunning(groups)
  if not mayRunNowhere or #groups < 2 then return end
  local keys = { nil, nil }
  for i, group in ipairs(groups) do keys[i] = runsOf(group) end
  mayRunNowhere = call('EXISTS', unpack(keys)) == 0
  if mayRunNowhere then
    --#none-runs
    for _, group in ipairs(groups) do runningIn[group] = runningIn[group] or 0 end
  end
end
-- starts: now and the id of each.
local function run(group, starts)
  local added = call('ZADD', runsOf(group), unpack(starts))
  runningIn[group] = runningIn[group] and runningIn[group] + added
end

-- Those that other programs have ended, or whose processes are gone, have no lock. A few are looked at each time, in turns.
-- Answers after how many milliseconds to look again; nil where there is room.
local function isFull(group, concurrency, id)
  local runs = runsOf(group)
  local count = running(group)
  if count < concurrency then return nil end
  if call('ZSCORE', runs, id) then
    --#has-its-place-still
    return nil
  end
  local after = LOOK_AGAIN_MS
  local others = call('ZRANGE', runs, 0, LOCKS_LOOKED_AT - 1, 'WITHSCORES')
  for i = 1, #others, 2 do
    local other = others[i]
    if tonumber(others[i + 1]) > now - LOCKS_HOLD_MS and tonumber(others[i + 1]) <= now then
      -- It was started, or looked at, just now, and so were those behind it.
      break
    elseif call('EXISTS', prefix .. other .. ':lock') == 1 then
      call('ZADD', runs, now, other)
    elseif limitOf(group).strict and isUnfinished(other, group) then
      --#has-its-group-still
      after = LOOKED_AT_LEAST_MS
    else
      --#runs-no-more
      call('ZREM', runs, other)
      runningIn[group] = nil
      count = count - 1
    end
  end
  return count >= concurrency and after or nil
end

-- Why no job of the group may start: when to look again; nil where one may. And whether it would find out if a pause is over, and the group's numbers.
local function waitsUntil(group, id, tiers)
  local limit = numbersOf(group, tiers)
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
  if not limit.max then return nil, probes, limit end
  local due = tonumber(call('GET', paceOf(group)) or 0)
  -- A server's clock that has gone back must not stop a group.
  if due - limit.slack > now and due < now + limit.window + limit.interval then
    --#too-early
    return math.ceil(due - limit.slack), probes
  end
  local starts = startsOf(group)
  if call('LLEN', starts) < limit.max then return nil, probes, limit end
  local over = tonumber(call('LINDEX', starts, limit.max - 1)) + limit.window
  if over > now and over < now + 2 * limit.window then
    --#window-is-full
    return over, probes
  end
  return nil, probes, limit
end

-- A job of the group starts.
local function spend(group, id, probes, limit)
  if limit.concurrency or probes then
    --#runs
    run(group, { nowText, id })
    if limitOf(group).strict then call('SADD', kept, group) end
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

-- A job comes into the line: the numbers that it brings are the group's, where no newer one has brought others.
local function keepNumbers(group, tiers, addedAt)
  local numbers = broughtFor(group, tiers)
  if not numbers then return end
  local said = call('HGET', tiersKey, group)
  if said and cjson.decode(said)[1] > addedAt then return end
  local new = '[' .. string.format('%.0f', addedAt) .. ',' .. table.concat(numbers, ',') .. ']'
  call('HSET', tiersKey, group, new)
  if said and string.match(said, ',.*') ~= string.match(new, ',.*') and call('ZSCORE', timed, group) then
    --#other-numbers
    call('ZREM', timed, group)
    rank(group, AT_ONCE)
  end
end

-- Moves a job that must wait into the line of a group that keeps it, or whose turn it awaits, at its place there.
local function setAside(id, score, group, at, expiry, tiers, addedAt)
  --#set-aside
  anyLine = true
  unread(group)
  local isFair = limitOf(group).fair
  call('ZADD', prioritized, (isFair and PARKED or HELD) + score, id)
  if hasGroup(group, id) then
    --#before-all-others
    call('ZADD', lineOf(group), -1, id)
  elseif group == anyFair then
    -- No job names this group: whoever changes one does not take it out of this line.
    call('ZADD', lineOf(group), score, id)
  else
    call('ZADD', lineOf(group), 'NX', score, id)
  end
  if expiry then
    --#will-expire
    call('ZADD', expiring, expiry, id)
    call('ZADD', marker, 'LT', expiry, '1')
    anyExpiring = true
  end
  if limitOf(group).tiered then keepNumbers(group, tiers, addedAt) end
  writePlaces()
  local place = call('ZSCORE', ready, group)
  if place and at then
    --#ready-no-more
    call('ZREM', ready, group)
    forgetRing()
    lookAt(group, at)
  elseif place then
    if math.floor(score / ONE_PRIORITY) < math.floor(place / ONE_PRIORITY) then
      --#more-urgent
      forgetRing()
      call('ZADD', ready, math.floor(score / ONE_PRIORITY) * ONE_PRIORITY + place % ONE_PRIORITY, group)
    end
  elseif at then
    lookAt(group, at)
  elseif not call('ZSCORE', timed, group) then
    if isFair then rank(group) else lookAt(group, now) end
  end
end

local expiriesAt = limitsAt + 3 + 9 * ARGV[limitsAt] + 2 * ARGV[limitsAt + 1]
for i = 0, ARGV[limitsAt + 2] - 1 do expires[ARGV[expiriesAt + 2 * i]] = tonumber(ARGV[expiriesAt + 2 * i + 1]) end
`;

/** Of a turn with limits, after its ends: what these were told to release. What nobody counts is looked at together, and is nearly always nothing. */
export const RELEASE_GROUPS = /* lua */ `
-- Jobs that ended make room in their groups: those of limits that count who runs, and of others where somebody has counted them.
local releasesAt = limitsAt + 3 + 9 * ARGV[limitsAt]
local uncounted = { nil }
for i = 1, tonumber(ARGV[limitsAt + 1]) do
  local group = ARGV[releasesAt + 2 * i - 1]
  if not anyConcurrency or not limitOf(group).concurrency then uncounted[#uncounted + 1] = runsOf(group) end
end
local anyCounted = #uncounted > 0 and call('EXISTS', unpack(uncounted)) > 0
local anyReleased = anyCounted or anyConcurrency
for i = 1, anyReleased and tonumber(ARGV[limitsAt + 1]) or 0 do
  local at = releasesAt + 2 * (i - 1)
  local nth, group = tonumber(ARGV[at]), ARGV[at + 1]
  local id = nth and ARGV[endsAt + 3 * nth - 2] or string.sub(ARGV[at], 2)
  local code = nth and answer[2 + nth] or 0
  local what = nth and code == 0 and ARGV[endsAt + 3 * nth]
  local limit = limitOf(group)
  if limit.strict and (what == 'r' or what == 'z' or what == 'b') then
    -- It has not ended: the group is its own.
    --#keeps-its-group
  -- One that is somebody else's by now has its place still.
  elseif (limit.concurrency or limit.tiered or anyCounted) and (code == 0 or code == -1) then
    local wasIn = call('ZREM', runsOf(group), id) == 1
    -- It was that job's alone.
    if wasIn and limit.strict then call('SREM', kept, group) end
    if wasIn and anyTimed and call('ZSCORE', timed, group) then
      --#room-again
      call('ZADD', timed, now, group)
      if not isBlocked() then call('ZADD', marker, 0, '0') end
    end
  end
end
`;
