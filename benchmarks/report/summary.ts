import type { Results } from '../results.ts';
import { goalsOf } from './goals.ts';
import { table } from './tables.ts';

const SHOWN = [
  'add, one by one',
  'add, 1,000 in flight',
  'add, bulks of 1,000',
  'run, 1 at once',
  'run, 10 at once',
  'run, 50 at once',
  'run, 200 at once',
];

/** The table of the README: ratios to BullMQ by itself. */
export function summary(results: Results): string {
  const { about, redis, postgres } = results;
  const goals = goalsOf(results);
  const met = goals.filter(({ isMet }) => isMet).length;
  return [
    table(
      ['beside BullMQ by itself', 'jobs/s', 'Node CPU a job', 'Redis CPU a job', 'on PostgreSQL, jobs/s'],
      SHOWN.map(question => {
        const find = (rows: typeof redis) =>
          rows.find(row => row.question === question && row.subject === 'Shiftwork')?.ratios;
        const text = (value: number | undefined): string => (value === undefined ? '' : `${value.toFixed(2)} x`);
        const here = find(redis);
        return [
          question,
          text(here?.perSecond?.median),
          text(here?.nodeUs?.median),
          text(here?.serverUs?.median),
          text(find(postgres)?.perSecond?.median),
        ];
      }),
    ),
    `\`${about.command}\` at ${about.commit}, Node ${about.node}, Redis ${about.redis}, PostgreSQL ${about.postgres}, ${about.cores} cores. ${met} of ${goals.length} goals are met: ` +
      'those that are not stand with the others in [the results](benchmarks/results.md). Above 1 is more than BullMQ; of CPU less is better.',
    '![CPU a job beside BullMQ](benchmarks/results.svg)',
  ].join('\n\n');
}
