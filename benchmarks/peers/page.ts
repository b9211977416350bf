import { ratioText, number, table } from '../report/tables.ts';
import type { Row } from '../compare.ts';
import { PATIENCE_S, type KillTrial } from './kill-trial.ts';

/** What a run with peers has found: results.json beside this file. */
export interface PeerResults {
  readonly about: string;
  readonly redis: readonly Row[];
  readonly postgres: readonly Row[];
  readonly killed: readonly KillTrial[];
}

/** At which settings each runs, and what is lost where. Sources: the peers' own documentation at the versions in package.json. */
const SETTINGS: readonly (readonly [peer: string, settings: string, worker: string])[] = [
  [
    'Shiftwork',
    'defaults; validation, ids, trace context and metrics on; a thousand ended jobs are kept',
    'no job. What a killed process held is back at once (its supervisor hands it back), and within 15 s where the whole host is lost: G16 of [the guarantees](../../docs/guarantees.md), ' +
      'tried by `npm run test:faults -- --case 1` and `--case 2`, not here',
  ],
  [
    'BullMQ',
    'the same options, given by hand; `maxStalledCount` 1',
    'no job at the first time; locks end after 30 s, and the second stall in a job’s life fails it',
  ],
  [
    'bee-queue',
    '`getEvents`, `sendEvents`, `storeJobs` off, `removeOnSuccess`, `saveAll`, `checkStalledJobs(5000)` with `stallInterval` 5,000',
    'no job where stalled jobs are looked for (not by itself); ended ones leave nothing behind: no history, no priorities',
  ],
  [
    'groupmq',
    'defaults, a group for each user, `keepCompleted` 1,000; no call for many jobs',
    'no job; a job comes back when its `jobTimeoutMs` (30 s) is over; the second stall fails it (`maxStalledCount` 1)',
  ],
  [
    'pg-boss',
    '`batchSize` as many as run at once, `burstWhenBatchFull`, `insert` for many; a batch ends together',
    'no job; a batch that was taken comes back when it expires: after 15 minutes (`expireInSeconds`) unless heartbeats are set',
  ],
  [
    'graphile-worker',
    '`localQueue.size` five times the jobs at once (its advice for fast tasks), `completeJobBatchDelay` 0',
    'no job; what was locked, prefetched jobs too, comes back after four hours',
  ],
];

export function peersPage({ about, redis, postgres, killed }: PeerResults): string {
  return [
    '# Shiftwork beside other queues',
    about +
      ' Medians; a ratio is to BullMQ by itself, measured one after the other. Read the ratios, not the rates. Each runs at the settings that its own makers recommend for much work.',
    '## Who is ahead',
    ...ahead(redis, 'Redis'),
    ...ahead(postgres, 'PostgreSQL'),
    '## On Redis',
    figures(redis),
    '## On PostgreSQL (fsync on)',
    figures(postgres),
    '## When a worker is killed',
    table(
      ['peer', 'server', 'jobs in hand', 'back after', `not back within ${PATIENCE_S} s`],
      killed.map(({ subject, server, inHand, backAfter, notBack }) => [
        subject,
        server,
        String(inHand),
        backAfter === undefined ? '' : `${number(backAfter)} s`,
        String(notBack),
      ]),
    ),
    'SIGKILL to a process that runs 50 jobs, beside a second one. A batch of pg-boss and the prefetched jobs of graphile-worker are more than what runs.',
    table(['peer', 'settings', 'what a killed worker costs'], SETTINGS),
    'When the server itself is killed, what it had acknowledged is lost or kept by the server’s settings, the same for all who use it: Redis with `appendfsync everysec` loses up to two seconds when its machine dies ' +
      'and nothing when only its process does; PostgreSQL with fsync nothing. What differs is whether an add whose answer was lost makes two jobs when it is repeated: Shiftwork’s does not (F7 in [the guarantees](../../docs/guarantees.md)).',
    '',
  ].join('\n\n');
}

function figures(rows: readonly Row[]): string {
  return table(
    [
      'what',
      'peer',
      'jobs/s',
      'Node, us/job',
      'server, us/job',
      'jobs/s to BullMQ',
      'Node to BullMQ',
      'server to BullMQ',
    ],
    rows.map(({ question, subject, figures: { perSecond, nodeUs, serverUs }, ratios }) => [
      question,
      subject,
      number(perSecond, 0),
      number(nodeUs),
      number(serverUs),
      ...(subject === 'BullMQ'
        ? ['', '', '']
        : [ratioText(ratios.perSecond), ratioText(ratios.nodeUs), ratioText(ratios.serverUs)]),
    ]),
  );
}

/** Says for each question who has the most jobs a second, and by how much Shiftwork is behind where it is not first. */
function ahead(rows: readonly Row[], server: string): readonly string[] {
  const questions = [...new Set(rows.map(({ question }) => question))];
  return questions.map(question => {
    const of = rows.filter(row => row.question === question);
    const best = of.reduce((one, other) =>
      (other.figures.perSecond ?? 0) > (one.figures.perSecond ?? 0) ? other : one,
    );
    const ours = of.find(({ subject }) => subject === 'Shiftwork')?.figures.perSecond ?? Number.NaN;
    const share = (best.figures.perSecond ?? Number.NaN) / ours;
    return best.subject === 'Shiftwork'
      ? `- ${server}, ${question}: Shiftwork is first.`
      : `- ${server}, ${question}: **${best.subject} is ahead**, ${share.toFixed(2)} times Shiftwork's jobs/s.`;
  });
}
