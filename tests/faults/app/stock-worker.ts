import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { openEngine } from '../../../src/engine/index.ts';
import { stockWorker } from '../../support/stock-worker.ts';
import type { SinkLine } from './chaos.config.ts';

/** A process with a Worker as BullMQ ships it, on the queue of the trial, beside our hosts: it does what they do with a job that sleeps. */
const { URL: url = '', SHIFTWORK_NAMESPACE: namespace = '', CHAOS_SINK: sink = '' } = process.env;
const engine = openEngine({ url, namespace, role: 'worker' });
const worker = await stockWorker(
  engine,
  'chaos',
  async job => {
    const note = (what: SinkLine['what']): void => {
      const line: SinkLine = {
        what,
        jobId: job.id ?? '',
        attempt: job.attemptsMade + 1,
        pid: process.pid,
        at: Date.now(),
      };
      appendFileSync(sink, `${JSON.stringify(line)}\n`);
    };
    note('start');
    await pause(msIn(job.data));
    note('end');
  },
  // The docs recommend that it never gives a job up for stalls. What a killed one ran is seen soon.
  { concurrency: 5, lockDuration: 5_000, stalledInterval: 1_000, maxStalledCount: 1_000 },
);
void worker.run();
console.log('works');

function msIn(data: unknown): number {
  return typeof data === 'object' && data !== null && 'ms' in data ? Number(data.ms) : 0;
}
