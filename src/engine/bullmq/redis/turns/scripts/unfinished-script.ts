/**
 * BullMQ's sets of jobs that have not ended, in the order of a walk, with the state that each stands for. A job that a limit or a pause has set aside
 * stands in `prioritized` as well.
 */
export const UNFINISHED_SETS = [
  { key: 'delayed', isList: false, state: 'delayed' },
  { key: 'waiting-children', isList: false, state: 'waiting' },
  { key: 'prioritized', isList: false, state: 'waiting' },
  { key: 'wait', isList: true, state: 'waiting' },
  { key: 'active', isList: true, state: 'running' },
] as const;

/**
 * KEYS: 1 a set or a list of ids. ARGV: 1 prefix of the queue's keys, 2 whether it is a list, 3 where to go on, 4 how many, 5 a text that their options
 * hold. Answers where to go on (`0` at the end) and how many were looked at, then five texts a job. A sorted set is scanned: what is in it all the while is met. New jobs come at the beginning of a list, and push
 * those that were not met yet behind.
 */
export const UNFINISHED_SCRIPT = /* lua */ `
local set, prefix, from, most, holds = KEYS[1], ARGV[1], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local ids, answer = {}, { '0', 0 }
if ARGV[2] == '1' then
  ids = redis.call('LRANGE', set, from, from + most - 1)
  if #ids == most then answer[1] = tostring(from + most) end
else
  local scanned = redis.call('ZSCAN', set, from, 'COUNT', most)
  answer[1] = scanned[1]
  for i = 1, #scanned[2], 2 do ids[#ids + 1] = scanned[2][i] end
end
answer[2] = #ids
for _, id in ipairs(ids) do
  local job = redis.pcall('HMGET', prefix .. id, 'name', 'timestamp', 'processedOn', 'opts')
  if not job.err and job[1] and job[2] and string.find(job[4] or '', holds, 1, true) then
    local at = #answer
    answer[at + 1], answer[at + 2], answer[at + 3], answer[at + 4], answer[at + 5] = id, job[1], job[2], job[3] or '', job[4] or ''
  end
end
return answer
`;
