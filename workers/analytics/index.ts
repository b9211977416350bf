import { identify, track, trackBatch } from '../../jobs/index.ts';
import { handle } from '../../src/contracts/index.ts';
import { analyticsSink } from './analytics-sink.ts';

export const recordTrack = handle(track, { sink: analyticsSink }, (message, run, { sink }) =>
  sink.write([{ type: 'track', ...message }], run.signal),
);

export const recordIdentify = handle(identify, { sink: analyticsSink }, (message, run, { sink }) =>
  sink.write([{ type: 'identify', ...message }], run.signal),
);

export const recordBatch = handle(trackBatch, { sink: analyticsSink }, ({ batch }, run, { sink }) =>
  sink.write(batch, run.signal),
);

export const analyticsHandlers = [recordTrack, recordIdentify, recordBatch] as const;
export { createHttpSink } from './http-sink.ts';
export { createPostgresSink } from './postgres-sink.ts';
