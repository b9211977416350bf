import { INSIST } from './prelude.ts';

/**
 * The take of a queue whose jobs belong to groups: what must wait for a limit or a pause is moved aside and not started. How much is looked at in
 * one turn is bounded; where that ends it, the next turn goes on.
 *
 * First come jobs without a priority, as BullMQ has it. Then those of a lower number; of the same, those that wait in the lines of groups, a group
 * at a time, before those that were added since.
 */
export const TAKE_WITH_LIMITS = /* lua */ `
local LOOKS_AT_MOST, READ_AT_ONCE = 100, 50
local nth, looks = 0, 0

-- Those of BullMQ's own that no line keeps: read some at once, moved one by one.
local fresh, freshAt, freshEnds = {}, 1, false
local function nextFresh()
  if freshAt > #fresh and not freshEnds then
    fresh = call('ZRANGEBYSCORE', prioritized, '-inf', '(18014398509481984', 'WITHSCORES', 'LIMIT', 0, READ_AT_ONCE)
    freshAt, freshEnds = 1, #fresh < 2 * READ_AT_ONCE
  end
  return fresh[freshAt], tonumber(fresh[freshAt + 1])
end

local function begin(id, groups, probing)
  call('ZREM', prioritized, id)
  if anyExpiring then call('ZREM', expiring, id) end
  for _, group in ipairs(groups) do call('ZREM', lineOf(group), id) end
  call('LPUSH', active, id)
  local ok, job = pcall(start, id, nth + 1)
  if not ok then
    --#no-job
    call('LREM', active, 1, id)
    return
  end
  nth = nth + 1
  jobs[nth] = job
  local probes = false
  for _, group in ipairs(groups) do
    spend(group, id, probing[group])
    probes = probes or probing[group]
  end
  if limits[''] then spend('', id, false) end
  if probes then job[5] = 1 end
end

-- The number of the first group that keeps the job, and until when; nil where none does. And which of its groups it probes.
local function keptBy(groups, id)
  local probing = {}
  for i, group in ipairs(groups) do
    local at, probes = waitsUntil(group, id)
    if at then return i, at end
    probing[group] = probes
  end
  return nil, nil, probing
end

-- One that no line keeps yet.
local function consider(id, score)
  looks = looks + 1
  local groups, expiry = groupsOf(id)
  groups = inOrder(groups)
  local probing = {}
  for i, group in ipairs(groups) do
    local at, probes
    local head = call('ZRANGE', lineOf(group), 0, 0, 'WITHSCORES')
    local behind = head[1] and head[1] ~= id and tonumber(head[2]) <= score and not hasGroup(group, id)
    if not behind then at, probes = waitsUntil(group, id) end
    if behind or at then
      --#must-wait
      claimGroups(groups, i - 1, id)
      return setAside(id, score, group, at, expiry)
    end
    probing[group] = probes
  end
  begin(id, groups, probing)
end

-- The head of the line of the group whose turn it is.
local function serve(group)
  looks = looks + 1
  local head = call('ZRANGE', lineOf(group), 0, 0, 'WITHSCORES')
  local id, score = head[1], tonumber(head[2])
  if not id then return rank(group) end
  local place = call('ZSCORE', prioritized, id)
  if not place or tonumber(place) < HELD then
    --#no-longer-in-line
    call('ZREM', lineOf(group), id)
    return rank(group)
  end
  -- One that has its group stands before all others of it, whatever its place is elsewhere.
  if score < 0 then score = headOf(id) end
  local groups, expiry = groupsOf(id)
  groups = inOrder(groups)
  local kept, at, probing = keptBy(groups, id)
  if kept then claimGroups(groups, kept - 1, id) end
  if kept and groups[kept] == group then
    --#waits-on
    call('ZREM', ready, group)
    return lookAt(group, at)
  end
  if kept then
    --#another-group-keeps-it
    call('ZREM', lineOf(group), id)
    setAside(id, score, groups[kept], at, expiry)
  else
    --#from-the-line
    call('ZREM', lineOf(group), id)
    begin(id, groups, probing)
  end
  rank(group)
end

-- Those in lines that only end by now come first of their priority.
local function bringExpired()
  if not anyExpiring or not next(expires) then return end
  for _, id in ipairs(call('ZRANGEBYSCORE', expiring, '-inf', now, 'LIMIT', 0, DUE_AT_MOST)) do
    local groups, expiry = groupsOf(id)
    if #groups > 0 then
      -- This host does not know of it, or knows another time.
      call('ZADD', expiring, expiry or now + LOOKED_AT_LEAST_MS, id)
    else
      --#brought-forward
      call('ZREM', expiring, id)
      local place = call('ZSCORE', prioritized, id)
      if place and tonumber(place) >= HELD then
        call('ZADD', prioritized, headOf(id), id)
      end
    end
  end
end

if tokens > 0 and not rare then
  local blocked = isBlocked()
  promote(blocked)
  local room = tokens
  local limited = limitedFor()
  if limited > 0 then
    rest, detail = 'limited', limited
  elseif blocked then
    rest = 'blocked'
  else
    if ends == 0 and call('EXISTS', wait, prioritized) > 0 then ${INSIST} end
    if state[2] then room = math.min(room, tonumber(state[2]) - call('LLEN', active)) end
    bringExpired()
    local last = call('ZREVRANGE', timed, 0, 0, 'WITHSCORES')
    if last[1] and tonumber(last[2]) > now + LOOKED_AT_LEAST_MS then
      --#clock-went-back
      call('ZADD', timed, now, last[1])
    end
    for _, group in ipairs(call('ZRANGEBYSCORE', timed, '-inf', now, 'LIMIT', 0, DUE_AT_MOST)) do
      --#looked-at-again
      call('ZREM', timed, group)
      rank(group)
    end
    local dry = false
    while rest == '' and nth < room do
      local late = limits[''] and waitsUntil('', '')
      local limitedMs = limitedFor()
      if limitedMs > 0 then
        rest, detail = 'limited', limitedMs
      elseif late then
        --#queue-is-limited
        rest, detail = 'limited', math.max(1, late - now)
      elseif looks >= LOOKS_AT_MOST or (nth > 0 and bytes >= maxBytes) then
        --#looked-enough
        rest = 'more'
      else
        local id = call('RPOP', wait)
        if id then
          if string.sub(id, 1, 2) ~= '0:' then consider(id, 0) end
        else
          local turn = call('ZRANGE', ready, 0, 0, 'WITHSCORES')
          local score
          id, score = nextFresh()
          if turn[1] and (not id or math.floor(turn[2] / ONE_PRIORITY) <= math.floor(score / ONE_PRIORITY)) then
            serve(turn[1])
          elseif id then
            freshAt = freshAt + 2
            consider(id, score)
          else
            dry = true
            break
          end
        end
      end
    end
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
