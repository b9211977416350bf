import type { NoteAnswer } from '../../../../turns/index.ts';

/**
 * Leans on BullMQ 6.7's data layout: what its updateProgress-3 and addLog-2 write of a job, for the one who holds it.
 *
 * KEYS: job, its lock, its log, events, meta. ARGV: 1 id, 2 token, 3 how many lines the log may have, 4 the progress that stands there, 5 the one
 * that is to stand there (empty: it stays), then the lines.
 * Returns 1 (noted), 0 (nobody holds the job with that token), or the progress that stands there when it is another one.
 */
export const NOTE_SCRIPT = /* lua */ `
local call = redis.call
local key, lock, logs, events, meta = unpack(KEYS)
if call('GET', lock) ~= ARGV[2] then return 0 end
if #ARGV > 5 then
  local room = tonumber(ARGV[3]) - call('LLEN', logs)
  for at = 6, math.min(#ARGV, 5 + room) do call('RPUSH', logs, ARGV[at]) end
end
if ARGV[5] == '' then return 1 end
local there = call('HGET', key, 'progress') or '0'
if there ~= ARGV[4] then return there end
call('HSET', key, 'progress', ARGV[5])
local most = call('HGET', meta, 'opts.maxLenEvents') or 10000
call('XADD', events, 'MAXLEN', '~', most, '*', 'event', 'progress', 'jobId', ARGV[1], 'data', ARGV[5])
return 1
`;

export function noteAnswer(answer: unknown): NoteAnswer {
  if (typeof answer === 'string') return { kind: 'changed', progress: answer };
  return { kind: answer === 1 ? 'noted' : 'lost' };
}
