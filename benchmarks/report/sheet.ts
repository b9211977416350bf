import type { Results } from '../results.ts';
import { number, table } from './tables.ts';

const WANTED = 100_000;
/** What a core should be busy at most: the rest is for bursts, retries and what else runs there. */
const BUSY = 0.7;

/** How many cores so many jobs a second take, worked from what this run has measured. */
export function sheet({ redis }: Results): string {
  const us = (question: string, figure: 'nodeUs' | 'serverUs'): number =>
    redis.find(row => row.question === question && row.subject === 'Shiftwork')?.figures[figure] ?? Number.NaN;
  const lines = [
    ['producers, adds in flight', us('add, 1,000 in flight', 'nodeUs')],
    ['workers, 200 at once, without the work of the handlers', us('run, 200 at once', 'nodeUs')],
    ['Redis, adds', us('add, 1,000 in flight', 'serverUs')],
    ['Redis, takes and ends', us('run, 200 at once', 'serverUs')],
  ] as const;
  const ofRedis = us('add, 1,000 in flight', 'serverUs') + us('run, 200 at once', 'serverUs');
  return [
    table(
      ['what', 'us/job', `cores at ${WANTED.toLocaleString('en-US')} jobs/s`, `at ${BUSY * 100} % of each`],
      lines.map(([what, each]) => [
        what,
        number(each),
        number((each * WANTED) / 1e6),
        String(Math.ceil((each * WANTED) / 1e6 / BUSY)),
      ]),
    ),
    `One Redis uses one core for its commands: at ${BUSY * 100} % it takes ${number((1e6 * BUSY) / ofRedis, 0)} jobs/s added and run, so ${WANTED.toLocaleString('en-US')} jobs/s want ` +
      `${Math.ceil((WANTED * ofRedis) / 1e6 / BUSY)} masters of a Cluster, and at least as many queues of about the same size. Set your own figures into it: [grow](../docs/guides/growing.md).`,
  ].join('\n\n');
}
