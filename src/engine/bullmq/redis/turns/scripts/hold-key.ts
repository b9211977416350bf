/**
 * Gives a key to a job where it is free, or the job's own already. KEYS: `de:ID`, `kd:ID` (see claim-key.ts). ARGV: prefix, job, how long in
 * milliseconds (nothing: as long as the job exists), the digest of its data. Answers the id of the job that has it then.
 */
export const HOLD_KEY_SCRIPT = /* lua */ `
local call = redis.call
local prefix, job, ms, digest = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local holder = call('GET', KEYS[1])
if holder and holder ~= job and not (call('PTTL', KEYS[1]) == -1 and call('EXISTS', prefix .. holder) == 0) then return holder end
if ms == '' then
  call('SET', KEYS[1], job)
else
  call('SET', KEYS[1], job, 'PX', ms)
  if digest ~= '' then call('SET', KEYS[2], job .. ' ' .. digest, 'PX', ms) end
end
return job
`;
