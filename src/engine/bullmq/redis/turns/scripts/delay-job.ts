/**
 * Delays the job `id` until `due`, behind those of the same millisecond. Needs the locals `call`, `delayed` and `events`. Scripts take in the text: a
 * function would cost each turn a closure.
 */
export const DELAY_JOB = /* lua */ `
    local score, most = due * 4096, (due + 1) * 4096 - 1
    local last = call('ZREVRANGEBYSCORE', delayed, most, score, 'WITHSCORES', 'LIMIT', 0, 1)[2]
    if last then
      --#delayed-same-time
      score = math.min(tonumber(last) + 1, most)
    end
    call('ZADD', delayed, score, id)
    call('XADD', events, '*', 'event', 'delayed', 'jobId', id, 'delay', due)
`;
