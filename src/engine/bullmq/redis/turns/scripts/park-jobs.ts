/**
 * For the script that adds: puts jobs into the lines of their groups. Needs the locals `call`, `prefix`, `prioritized`, `pc`, `marker`; a job is
 * { id, priority, group, weight, when it only ends, numbers of the group behind when it was added }.
 */
export const PARK_JOBS = /* lua */ `
local function park(jobs)
  --#parked
  local taken = call('INCRBY', pc, #jobs) - #jobs
  local round = tonumber(call('GET', prefix .. 'groups:turn') or 0)
  local ready, timed = prefix .. 'groups:ready', prefix .. 'groups:timed'
  local places, lines, groups = {}, {}, {}
  for i, job in ipairs(jobs) do
    local id, score, group = job[1], job[2] * 4294967296 + (taken + i) % 4294967296, job[3]
    places[#places + 1] = 9007199254740992 + score
    places[#places + 1] = id
    local line = lines[group]
    if not line then
      line = { weight = job[4] }
      lines[group] = line
      groups[#groups + 1] = group
    end
    line[#line + 1] = score
    line[#line + 1] = id
    line.numbers = job[6] or line.numbers
    if job[5] then
      --#parked-until
      call('ZADD', prefix .. 'groups:expiring', job[5], id)
      call('ZADD', marker, 'LT', job[5], '1')
    end
  end
  call('ZADD', prioritized, unpack(places))
  for _, group in ipairs(groups) do
    local key, line = prefix .. 'group:line:' .. group, lines[group]
    call('ZADD', key, unpack(line))
    if line.numbers then
      --#parked-numbers
      call('HSET', prefix .. 'groups:tiers', group, line.numbers)
      call('ZADD', timed, 'XX', 0, group)
    end
    local priority = math.floor(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] / 4294967296)
    local place = call('ZSCORE', ready, group)
    if place then
      if priority < math.floor(place / 4294967296) then
        --#parked-urgent
        call('ZADD', ready, priority * 4294967296 + place % 4294967296, group)
      end
    elseif not call('ZSCORE', timed, group) then
      --#parked-first
      call('ZADD', ready, priority * 4294967296 + math.min(round + math.floor(1000 / line.weight), 4294967295), group)
    end
  end
end
`;
