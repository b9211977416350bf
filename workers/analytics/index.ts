import { identify, track, trackBatch } from '../../jobs/index.ts';
import { handle } from '../../src/contracts/index.ts';
import { analyticsSink } from './analytics-sink.ts';

export const recordTrack = handle(track, { sink: analyticsSink }, (messages, run, { sink }) =>
  sink.write(
    messages.map(message => ({ type: 'track', ...message })),
    run.signal,
  ),
);

export const recordIdentify = handle(identify, { sink: analyticsSink }, (messages, run, { sink }) =>
  sink.write(
    messages.map(message => ({ type: 'identify', ...message })),
    run.signal,
  ),
);

export const recordBatch = handle(trackBatch, { sink: analyticsSink }, async ({ batch }, run, { sink }) => {
  const answers = await sink.write(batch, run.signal);
  // All of them are one job, which has one end.
  const refused = answers?.find(answer => answer !== 'done');
  if (refused instanceof Error) throw refused;
});

export const analyticsHandlers = [recordTrack, recordIdentify, recordBatch] as const;
export { createHttpSink } from './http-sink.ts';
export { createPostgresSink } from './postgres-sink.ts';
