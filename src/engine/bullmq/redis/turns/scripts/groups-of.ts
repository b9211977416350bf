/**
 * What groups a stored job belongs to: none where it only ends, without a run, as no limit keeps it then. And from when on it will only end, where
 * that is known, the weight of its group among those that take turns, the numbers that it brings for its
 * groups, and when it was added. `known`: a group that may be its only one, so that its options need
 * not be decoded. Needs the locals `anyPaused`, `paused` and `expires` (ms by the names of jobs).
 */
export const GROUPS_OF = /* lua */ `
local GROUPS_AT_MOST, ENDS_ONLY = 8, {}
local function groupsIn(stored, failure, progress, name, timestamp, known)
  if failure then return ENDS_ONLY end
  if progress and string.find(progress, '"cancel":{', 1, true) then
    --#cancelled
    return ENDS_ONLY
  end
  local after, expiry, addedAt = expires[name], nil, tonumber(timestamp)
  -- Infinite, or no number at all ("nan" is read as one): it has no time.
  if not (addedAt and addedAt > -1e15 and addedAt < 1e15) then addedAt = nil end
  if after and addedAt then
    expiry = addedAt + after + 1
    if expiry <= now then
      --#expired
      return ENDS_ONLY
    end
  end
  local found = { nil }
  if anyPaused and name and call('HEXISTS', paused, '!job/' .. name) == 1 then
    --#contract-paused
    found[1] = 'job/' .. name
  end
  if known and stored and string.find(stored, '"groups":["' .. known .. '"]', 1, true) then
    --#no-others
    found[#found + 1] = known
    -- Few have one, and whoever looks for a pattern tries it at each letter.
    local weight = string.find(stored, '"weight":', 1, true)
    weight = weight and tonumber(string.match(stored, '"fair":{"limit":"[^"]*","weight":([%d.]+)') or 1) or 1
    return found, expiry, math.min(math.max(weight, 1), 100), nil, addedAt or 0
  end
  local ok, opts = pcall(cjson.decode, stored)
  local groups = ok and type(opts) == 'table' and opts.groups
  if type(groups) ~= 'table' then return found, expiry end
  local weight = type(opts.fair) == 'table' and tonumber(opts.fair.weight) or 1
  for i = 1, math.min(#groups, GROUPS_AT_MOST) do
    if type(groups[i]) == 'string' then found[#found + 1] = groups[i] end
  end
  return found, expiry, weight >= 1 and math.min(weight, 100) or 1, opts.tiers, addedAt or 0
end

-- The same of one of which nothing was read yet.
local function groupsOf(id)
  local stored = redis.pcall('HMGET', prefix .. id, 'opts', 'defa', 'progress', 'name', 'timestamp')
  if stored.err then return ENDS_ONLY end
  return groupsIn(stored[1], stored[2], stored[3], stored[4], stored[5])
end
`;

/** A job that has neither a lock nor an end has its strict group still: it waits for its next attempt, or for a worker. Needs the local `prefix`. */
export const IS_UNFINISHED = /* lua */ `
local function isUnfinished(id, group)
  local stored = redis.pcall('HMGET', prefix .. id, 'opts', 'finishedOn')
  return stored[1] and not stored[2] and string.find(stored[1], '"' .. group .. '"', 1, true)
end
`;
