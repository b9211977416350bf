export const STEP_FIELD = 'step:';

/**
 * Results of steps are fields of the job's own hash, `step:NAME`: BullMQ reads the fields that it knows, and whatever removes a job removes them.
 * KEYS of both: job, its lock. They answer 0 where nobody holds the job with that token.
 */

/** ARGV: token, name, result. */
export const STORE_STEP_SCRIPT = /* lua */ `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], '${STEP_FIELD}' .. ARGV[2], ARGV[3])
return 1
`;

/** ARGV: token. Returns names and results in turns. */
export const READ_STEPS_SCRIPT = /* lua */ `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local fields, found = redis.call('HGETALL', KEYS[1]), {}
for at = 1, #fields, 2 do
  if string.sub(fields[at], 1, ${STEP_FIELD.length}) == '${STEP_FIELD}' then
    found[#found + 1] = string.sub(fields[at], ${STEP_FIELD.length + 1})
    found[#found + 1] = fields[at + 1]
  end
end
return found
`;
