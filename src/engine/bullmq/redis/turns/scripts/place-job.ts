import { GROUPS_OF } from './groups-of.ts';

/**
 * Where a job that waits stands, for scripts that move it: in `wait`, in BullMQ's `prioritized`, or there behind all others and in the lines of its
 * groups (see groups.ts). Needs the locals `call`, `prefix`, `wait`, `prioritized`, `delayed`, `pc`, `marker` and `events`.
 */
export const PLACE_JOB = /* lua */ `
-- The groups that stand in its options: what is paused makes no difference here.
local anyPaused, paused, expires = false, '', {}
${GROUPS_OF}
local LINES_FROM = 9007199254740992

-- Out of the lines of its groups, which must be those that it has had, and of its contract.
local function leaveLines(id, groups)
  call('ZREM', prefix .. 'group:line:job/' .. (call('HGET', prefix .. id, 'name') or ''), id)
  for _, group in ipairs(groups) do
    --#leaves-line
    call('ZREM', prefix .. 'group:line:' .. group, id)
  end
end

-- Behind those of its priority, to be looked at like one that was just added.
local function placeLast(id, priority)
  if priority > 0 then
    --#placed-prioritized
    call('ZADD', prioritized, priority * 4294967296 + call('INCR', pc) % 4294967296, id)
  else
    --#placed-wait
    call('LPUSH', wait, id)
  end
end

local function sameGroups(one, other)
  if #one ~= #other then return false end
  for i = 1, #one do
    if one[i] ~= other[i] then return false end
  end
  return true
end
`;
