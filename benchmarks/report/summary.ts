import type { Results } from '../results.ts';
import { goalsOf } from './goals.ts';

/** Questions of the table in results.md, in words: some where we cost less, and the one where we cost most. */
const TOLD = [
  ['add, 1,000 in flight', 'to enqueue a thousand at once'],
  ['run, 50 at once', 'to run fifty at once'],
  ['run, 1 at once', 'to run one at a time'],
] as const;

/** The line of the README: ratios to BullMQ by itself, and how many goals are missed. */
export function summary(results: Results): string {
  const { about, redis, postgres } = results;
  const goals = goalsOf(results);
  const met = goals.filter(({ isMet }) => isMet).length;
  const ratiosOf = (rows: typeof redis, question: string) =>
    rows.find(row => row.question === question && row.subject === 'Shiftwork')?.ratios;
  const told = TOLD.flatMap(([question, words]) => {
    const cpu = ratiosOf(redis, question)?.nodeUs?.median;
    return cpu === undefined ? [] : [`${times(cpu)} ${words}`];
  });
  const onPostgres = ratiosOf(postgres, 'run, 50 at once')?.perSecond?.median;
  const fast = onPostgres === undefined ? '' : `; on PostgreSQL fifty at once run ${times(onPostgres)} as fast`;
  return (
    `The Node CPU of a job beside BullMQ by itself, in one run: ${told.join(', ')}${fast}. ${met} of ${goals.length} goals are met; [the results](benchmarks/results.md) have all ` +
    `(\`${about.command}\` at ${about.commit}, Node ${about.node}, Redis ${about.redis}, PostgreSQL ${about.postgres}, ${about.cores} cores).`
  );
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)} times`;
}
