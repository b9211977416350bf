/** Of a turn with limits, after its ends: what these were told to release (see groups.ts). What nobody counts is looked at together, and is nearly always nothing. */
export const RELEASE_GROUPS = /* lua */ `
-- Jobs that ended make room in their groups: those of limits that count who runs, and of others where somebody has counted them.
local releasesAt = limitsAt + 3 + 9 * ARGV[limitsAt]
local anyTimed, uncounted = call('EXISTS', timed) == 1, { nil }
for i = 1, tonumber(ARGV[limitsAt + 1]) do
  local group = ARGV[releasesAt + 3 * i - 1]
  if not limitOf(group).concurrency then uncounted[#uncounted + 1] = runsOf(group) end
end
local anyCounted = #uncounted > 0 and call('EXISTS', unpack(uncounted)) > 0
for i = 1, tonumber(ARGV[limitsAt + 1]) do
  local at = releasesAt + 3 * (i - 1)
  local nth, id, group = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2]
  local code = nth == 0 and 0 or answer[2 + nth]
  local what = nth > 0 and code == 0 and ARGV[endsAt + 3 * nth]
  local limit = limitOf(group)
  if limit.strict and (what == 'r' or what == 'z' or what == 'b') then
    -- It has not ended: the group is its own.
    --#keeps-its-group
  -- One that is somebody else's by now has its place still.
  elseif (limit.concurrency or limit.tiered or anyCounted) and (code == 0 or code == -1) then
    if call('ZREM', runsOf(group), id) == 1 and anyTimed and call('ZSCORE', timed, group) then
      --#room-again
      call('ZADD', timed, now, group)
      if not isBlocked() then call('ZADD', marker, 0, '0') end
    end
  end
end
`;
