// Long because whatever begins in one turn, from lines and from BullMQ's own, shares what was read and what is written together at its end.
import { TAKEN_FIELDS } from '../read-job.ts';
import { REMEMBER, TAKEN } from './prelude.ts';
import { IS_NO_JOB } from './take.ts';

/** What groupsIn is told, of what a worker reads. */
const GROUPED = (['opts', 'defa', 'progress', 'name', 'timestamp'] as const)
  .map(field => `hash[${TAKEN_FIELDS.indexOf(field) + 1}]`)
  .join(', ');

/**
 * The take of a queue whose jobs belong to groups: what must wait for a limit or a pause is moved aside and not started. How much is looked at in
 * one turn is bounded; where that ends it, the next turn goes on.
 *
 * First come jobs without a priority, as BullMQ has it. Then those of a lower number; of the same, those that wait in the lines of groups, a group
 * at a time, before those that were added since.
 */
export const TAKE_WITH_LIMITS = /* lua */ `
local LOOKS_AT_MOST, READ_AT_ONCE, SIFTED_AT_MOST = 100, 50, 50
local nth, looks, sifted = 0, 0, 0

-- What begins goes to the active ones together, and leaves BullMQ's own together: before these are read again.
local begun, lined = {}, {}
local function leave()
  if #lined > 0 then call('ZREM', prioritized, unpack(lined)) end
  lined = {}
end
-- Jobs that have begun in this turn: what was read of lines, or of BullMQ's own, may hold them still.
local hasBegun = {}

-- Those of BullMQ's own that no line keeps: read some at once, moved one by one.
local fresh, freshAt, freshEnds = {}, 1, false
local function nextFresh()
  if freshAt > #fresh and not freshEnds then
    leave()
    fresh = call('ZRANGEBYSCORE', prioritized, '-inf', '(9007199254740992', 'WITHSCORES', 'LIMIT', 0, READ_AT_ONCE)
    freshAt, freshEnds = 1, #fresh < 2 * READ_AT_ONCE
  end
  return fresh[freshAt], tonumber(fresh[freshAt + 1])
end

local function begin(id, groups, probing, numbers, inLine, hash)
  if anyExpiring then call('ZREM', expiring, id) end
  for _, group in ipairs(groups) do
    if anyLine and group ~= inLine then call('ZREM', lineOf(group), id) end
  end
  lined[#lined + 1] = id
  hasBegun[id] = true
  if not pcall(start, id, nth + 1, hash) then
    if not (${IS_NO_JOB}) then
      -- It has left its place: active without a lock it comes back as a stalled one.
      begun[#begun + 1] = id
    end
    --#no-job
    return
  end
  begun[#begun + 1] = id
  nth = nth + 1
  local probes = false
  for _, group in ipairs(groups) do
    spend(group, id, probing[group], numbers[group])
    probes = probes or probing[group]
  end
  if limits[''] then spend('', id, false, limits['']) end
  if probes then answer[size] = 2 end
end

-- The number of the first group that keeps the job, and until when; nil where none does. And which of its groups it probes, and the numbers of each.
-- free: a group that does not, and what was found out about it.
local function keptBy(groups, id, tiers, free, freeProbes, freeLimit)
  local probing, numbers = {}, {}
  for i, group in ipairs(groups) do
    local at, probes, limit = nil, freeProbes, freeLimit
    if group ~= free then at, probes, limit = waitsUntil(group, id, tiers) end
    if at then return i, at end
    probing[group], numbers[group] = probes, limit
  end
  return nil, nil, probing, numbers
end

-- One that no line keeps yet. It is read once while those before it have begun: of one that must wait its data is nothing to anybody.
local readsWhole = true
-- Once one has begun those behind it are likely to: what they are, and whether anybody runs in their groups, is found out together.
local ahead = {}
local function readAhead(left)
  local groups, size = {}, 0
  for at = freshAt, math.min(#fresh, freshAt + 2 * left - 2), 2 do
    local hash = size < maxBytes and redis.pcall('HMGET', prefix .. fresh[at], ${TAKEN})
    if not hash or hash.err then break end
    size = size + #(hash[1] or '')
    local read = { hash, groupsIn(${GROUPED}) }
    ahead[fresh[at]] = read
    for _, group in ipairs(read[2]) do
      if limitOf(group).concurrency then groups[#groups + 1] = group end
    end
  end
  lookForRunning(groups)
end

local function consider(id, score)
  looks = looks + 1
  local hash, groups, expiry, _, tiers, addedAt
  local read = ahead[id]
  if read then
    hash, groups, expiry, _, tiers, addedAt = read[1], read[2], read[3], read[4], read[5], read[6]
  else
    hash = readsWhole and redis.pcall('HMGET', prefix .. id, ${TAKEN})
    if hash and hash.err then hash = nil end
    if hash then
      groups, expiry, _, tiers, addedAt = groupsIn(${GROUPED})
    else
      groups, expiry, _, tiers, addedAt = groupsOf(id)
    end
  end
  readsWhole = false
  if groups ~= ENDS_ONLY then groups = inOrder(groups) end
  local probing, numbers, isOwn = {}, {}, false
  for i, group in ipairs(groups) do
    local at, probes, limit
    local behind = limitOf(group).fair
    if not behind and anyLine then
      local head = call('ZRANGE', lineOf(group), 0, 0, 'WITHSCORES')
      behind = head[1] and head[1] ~= id and tonumber(head[2]) <= score
    end
    behind = behind and not hasGroup(group, id)
    if not behind then at, probes, limit = waitsUntil(group, id, tiers) end
    if behind or at then
      --#must-wait
      claimGroups(groups, i - 1, id)
      return setAside(id, score, group, at, expiry, tiers, addedAt)
    end
    probing[group], numbers[group] = probes, limit
    isOwn = isOwn or limitOf(group).fair
  end
  if anyFair and not isOwn and groups ~= ENDS_ONLY then
    --#takes-turns-as-one
    return setAside(id, score, anyFair, nil, expiry)
  end
  readsWhole = true
  begin(id, groups, probing, numbers, nil, hash)
end

-- The group stands at its next place: among those that were read, or behind them.
local function standAt(group, score)
  served[#served + 1] = string.format('%d', score)
  served[#served + 1] = group
  local at = ringAt
  if ring[at] and ring[#ring] <= score then
    -- Nearly always.
    at = #ring + 1
  else
    while ring[at] and ring[at + 1] <= score do at = at + 2 end
  end
  if ring[at] or ringIsWhole then
    --#next-among-those-read
    table.insert(ring, at, group)
    table.insert(ring, at + 1, score)
  end
end

-- The head of the line of the group whose turn it is.
local function serve(group, turn)
  round = math.max(round, turn % ONE_PRIORITY)
  looks = looks + 1
  unread(group)
  local head = call('ZRANGE', lineOf(group), 0, 1, 'WITHSCORES')
  local id, score, behind = head[1], tonumber(head[2]), head[4] or false
  if not id then return rank(group) end
  local place = call('ZSCORE', prioritized, id)
  if not place or hasBegun[id] or tonumber(place) < PARKED then
    --#no-longer-in-line
    call('ZREM', lineOf(group), id)
    return rank(group, nil, behind)
  end
  -- One that has its group stands before all others of it, whatever its place is elsewhere.
  if score < 0 then score = headOf(id) end
  if math.floor(score / ONE_PRIORITY) > math.floor(turn / ONE_PRIORITY) then
    --#later-priority
    return standAt(group, math.floor(score / ONE_PRIORITY) * ONE_PRIORITY + turn % ONE_PRIORITY)
  end
  -- Nearly always the job starts: it is read once, unless its group may start none.
  local limit, free, hash = limitOf(group), nil, nil
  local late, probes, own
  if not anyStrict and not limit.tiered and group ~= anyFair then
    late, probes, own = waitsUntil(group, id)
    if not late then
      free, hash = group, redis.pcall('HMGET', prefix .. id, ${TAKEN})
      if hash.err then hash = nil end
    end
  end
  local groups, expiry, weight, tiers, addedAt
  if hash then
    groups, expiry, weight, tiers, addedAt = groupsIn(${GROUPED}, free)
  else
    groups, expiry, weight, tiers, addedAt = groupsOf(id)
  end
  if groups ~= ENDS_ONLY then groups = inOrder(groups) end
  local kept, at, probing, numbers = keptBy(groups, id, tiers, free, probes, own)
  if kept then claimGroups(groups, kept - 1, id) end
  if kept and groups[kept] == group then
    --#waits-on
    call('ZREM', ready, group)
    return lookAt(group, at)
  end
  call('ZREM', lineOf(group), id)
  if kept then
    --#another-group-keeps-it
    setAside(id, score, groups[kept], at, expiry, tiers, addedAt)
  else
    --#from-the-line
    begin(id, groups, probing, numbers, group, hash)
  end
  rank(group, weight, behind)
end

-- The heads of the lines of those whose turn comes, the one at from first. Where BullMQ's own has them, which says their priorities too, one look for all
-- finds out. Where there are as many groups as jobs are wanted, one of each leaves its line at once.
local places, mayDraw = {}, true
local function readHeads(from, left)
  local groups, ids = math.ceil((#ring - from) / 2), { nil, nil }
  local draws = mayDraw and groups >= left
  local most = draws and 1 or math.ceil(2 * left / groups)
  local last = string.format('%d', most)
  for at = from, draws and from + 2 * left - 2 or #ring, 2 do
    local heads = headsRead[ring[at]]
    if not heads then
      if draws then
        heads = call('ZPOPMIN', lineOf(ring[at]))
        heads.score, heads[2] = heads[2], nil
      else
        -- One more, so that it is known whether another one comes behind.
        heads = call('ZRANGE', lineOf(ring[at]), '0', last)
      end
      headsRead[ring[at]] = heads
      for nth = 1, most do ids[#ids + 1] = heads[nth] end
    end
  end
  if #ids == 0 then return end
  for nth, place in ipairs(call('ZMSCORE', prioritized, unpack(ids))) do places[ids[nth]] = tonumber(place) end
end

-- Groups whose line may be empty, since their head was drawn from it: one look for all.
local doubtful = {}
local function dropEmpty()
  if #doubtful == 0 then return end
  local lines, empty = { nil, nil }, { nil }
  for i, group in ipairs(doubtful) do lines[i] = lineOf(group) end
  local standing = call('EXISTS', unpack(lines))
  if standing == #lines then return end
  for i, group in ipairs(doubtful) do
    if standing == 0 or call('EXISTS', lines[i]) == 0 then
      --#line-was-drawn-empty
      empty[#empty + 1] = group
    end
  end
  if #empty > 0 then call('ZREM', ready, unpack(empty)) end
end

-- What nearly always is so: heads of the line of the group whose turn it is, as long as it is, that belong to that group alone, of a limit that counts no
-- starts and keeps no order. Each is read once. False where the first is none of these: \`serve\` decides.
local function serveSome(group, turn, left)
  local limit = limitOf(group)
  if anyStrict or limit.tiered or limit.max or group == anyFair or limits[''] or max then return false end
  if anyPaused then
    local late, probes = waitsUntil(group, '')
    if late or probes then return false end
  end
  local nextTurn = ring[ringAt + 1]
  local most = nextTurn and math.ceil(2 * left / (#ring - ringAt + 3)) or ringIsWhole and left or 1
  if limit.concurrency then
    if not runningIn[group] then
      local groups = { nil, nil }
      for at = ringAt - 2, math.min(#ring, ringAt + 2 * left), 2 do groups[#groups + 1] = ring[at] end
      lookForRunning(groups)
    end
    most = math.min(most, limit.concurrency - running(group))
  end
  if most <= 0 then return false end
  if not headsRead[group] then readHeads(ringAt - 2, left) end
  local heads = headsRead[group]
  local priority, place, at = math.floor(turn / ONE_PRIORITY), turn % ONE_PRIORITY, 1
  local started, starts = { nil }, { nil, nil }
  while at <= most and heads[at] do
    local id = heads[at]
    local stands = places[id]
    if not stands or stands < PARKED or hasBegun[id] or math.floor(stands % PARKED / ONE_PRIORITY) ~= priority then break end
    if at > 1 and (bytes >= maxBytes or nextTurn and turn > nextTurn) then break end
    local hash = redis.pcall('HMGET', prefix .. id, ${TAKEN})
    if hash.err then break end
    local groups, _, weight = groupsIn(${GROUPED}, group)
    if #groups ~= 1 or groups[1] ~= group then break end
    looks = looks + 1
    hasBegun[id] = true
    lined[#lined + 1] = id
    started[at] = id
    at = at + 1
    round = math.max(round, place)
    place = math.min(round + math.floor(STEP / weight), ONE_PRIORITY - 1)
    turn = priority * ONE_PRIORITY + place
    if anyExpiring then call('ZREM', expiring, id) end
    local ok = pcall(start, id, nth + 1, hash)
    if ok or not (${IS_NO_JOB}) then begun[#begun + 1] = id end
    if ok then
      nth = nth + 1
      starts[#starts + 1] = nowText
      starts[#starts + 1] = id
    end
  end
  if at == 1 then
    mayDraw = false
    return false
  end
  --#served-some
  headsRead[group] = nil
  if heads.score then
    doubtful[#doubtful + 1] = group
  else
    call('ZREM', lineOf(group), unpack(started))
  end
  if limit.concurrency and #starts > 0 then run(group, starts) end
  if heads.score or heads[at] then
    -- What comes behind may be of a later priority: \`serve\` finds that out when it is its turn.
    standAt(group, turn)
  else
    rank(group, 1, false)
  end
  return true
end

-- Those in lines that only end by now come first of their priority.
local function bringExpired()
  if not anyExpiring or not next(expires) then return end
  for _, id in ipairs(call('ZRANGEBYSCORE', expiring, '-inf', now, 'LIMIT', 0, DUE_AT_MOST)) do
    local groups, expiry = groupsOf(id)
    if groups ~= ENDS_ONLY then
      -- This host does not know of it, or knows another time.
      call('ZADD', expiring, expiry or now + LOOKED_AT_LEAST_MS, id)
    else
      --#brought-forward
      call('ZREM', expiring, id)
      local place = call('ZSCORE', prioritized, id)
      if place and tonumber(place) >= PARKED then
        call('ZADD', prioritized, headOf(id), id)
      end
    end
  end
end

if tokens > 0 and not rare then
  local blocked = isBlocked()
  promote(blocked)
  local room = tokens
  local limited = max and limitedFor() or 0
  if limited > 0 then
    rest, detail = 'limited', limited
  elseif blocked then
    rest = 'blocked'
  else
    if ends == 0 and call('EXISTS', wait, prioritized) > 0 then ${REMEMBER}
    end
    if state[2] then room = math.min(room, tonumber(state[2]) - call('LLEN', active)) end
    bringExpired()
    if anyTimed then
      local last = call('ZREVRANGE', timed, 0, 0, 'WITHSCORES')
      if last[1] and tonumber(last[2]) > now + LOOKED_AT_LEAST_MS then
        --#clock-went-back
        call('ZADD', timed, now, last[1])
      end
      for _, group in ipairs(call('ZRANGEBYSCORE', timed, '-inf', now, 'LIMIT', 0, DUE_AT_MOST)) do
        --#looked-at-again
        call('ZREM', timed, group)
        rank(group, AT_ONCE)
      end
    end
    local dry, anyWait = false, true
    while rest == '' and nth < room do
      local late = limits[''] and waitsUntil('', '')
      local limitedMs = max and limitedFor() or 0
      if limitedMs > 0 then
        rest, detail = 'limited', limitedMs
      elseif late then
        --#queue-is-limited
        rest, detail = 'limited', math.max(1, late - now)
      elseif looks >= LOOKS_AT_MOST or (nth > 0 and bytes >= maxBytes) then
        --#looked-enough
        rest = 'more'
      else
        -- Where groups take turns, what has come since goes into its line before anybody is served: some at each turn.
        local maySift = not anyFair or sifted < SIFTED_AT_MOST
        local id = maySift and anyWait and call('RPOP', wait)
        anyWait = anyWait and (id or not maySift)
        if id then
          sifted = sifted + 1
          if string.sub(id, 1, 2) ~= '0:' then consider(id, 0) end
        else
          if not ring[ringAt] and not ringIsWhole then
            readRing(room - nth)
          end
          local turn, place = ring[ringAt], ring[ringAt + 1]
          local score
          id, score = nextFresh()
          local isServed = turn and (not id or math.floor(place / ONE_PRIORITY) <= math.floor(score / ONE_PRIORITY))
          if anyFair then isServed = turn and (not id or not maySift) end
          if isServed then
            ringAt = ringAt + 2
            if not serveSome(turn, place, room - nth) then serve(turn, place) end
          elseif id then
            freshAt = freshAt + 2
            if not hasBegun[id] then
              sifted = sifted + 1
              consider(id, score)
              if readsWhole and anyConcurrency and fresh[freshAt] and not ahead[fresh[freshAt]] then
                readAhead(room - nth)
              end
            end
          elseif not maySift then
            sifted = 0
          else
            dry = true
            break
          end
        end
      end
    end
    forgetRing()
    writePlaces()
    dropEmpty()
    if #begun > 0 then call('LPUSH', active, unpack(begun)) end
    leave()
    if round ~= roundBefore then call('SET', turns, string.format('%.0f', round)) end
    if nth > 0 or rest == 'more' then call('ZADD', marker, '0', '0') end
    if dry then
      if call('EXISTS', prioritized) == 0 then call('DEL', pc) end
      local first = call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
      local group = call('ZRANGE', timed, 0, 0, 'WITHSCORES')[2]
      local due = first and math.floor(first / 4096)
      if group and (not due or tonumber(group) < due) then due = math.ceil(group) end
      local expiry = next(expires) and call('ZRANGE', expiring, 0, 0, 'WITHSCORES')[2]
      if expiry and (not due or tonumber(expiry) < due) then due = math.ceil(expiry) end
      rest, detail = 'none', due and string.format('%.0f', due) or ''
      if state[6] and not group and call('EXISTS', paused, ready) == 0 then
        --#grouped-no-more
        call('HDEL', meta, 'groups')
      end
    elseif rest == '' then
      rest = nth < tokens and 'blocked' or 'more'
    end
  end
end
`;
