import type { Figure, Row } from '../compare.ts';
import type { Results } from '../results.ts';

/** A goal of the design (docs/performance.md), and what this run says of it. */
export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  readonly isMet: boolean;
}

const two = (value: number): string => value.toFixed(2);

export function goalsOf(results: Results): readonly Goal[] {
  return [
    ...redisGoals(results.redis),
    ...postgresGoals(results.postgres),
    ...waitingGoals(results),
    ...otherGoals(results),
  ];
}

function ratio(rows: readonly Row[], question: string, figure: Figure): number {
  const row = rows.find(each => each.question === question && each.subject === 'Shiftwork');
  return row?.ratios[figure]?.median ?? Number.NaN;
}

function atMost(what: string, found: number, most: number, unit = ''): Goal {
  return { what, wanted: `at most ${most}${unit}`, found: two(found) + unit, isMet: found <= most };
}

function atLeast(what: string, found: number, least: number, unit = ''): Goal {
  return { what, wanted: `at least ${least}${unit}`, found: two(found) + unit, isMet: found >= least };
}

function redisGoals(rows: readonly Row[]): readonly Goal[] {
  const of = (question: string, figure: Figure): number => ratio(rows, question, figure);
  return [
    atMost('Redis: add one by one, Node CPU', of('add, one by one', 'nodeUs'), 1.05),
    atMost('Redis: add one by one, Redis CPU', of('add, one by one', 'serverUs'), 1.05),
    ...['add, 1,000 in flight', 'add, bulks of 1,000'].flatMap(question => [
      atLeast(`Redis: ${question}, jobs/s`, of(question, 'perSecond'), 2.2),
      atMost(`Redis: ${question}, Redis CPU`, of(question, 'serverUs'), 0.5),
    ]),
    atMost('Redis: run, 1 at once, Node CPU', of('run, 1 at once', 'nodeUs'), 1),
    atMost('Redis: run, 1 at once, Redis CPU', of('run, 1 at once', 'serverUs'), 1),
    ...(
      [
        ['run, 50 at once', 1.5],
        ['run, 200 at once', 2],
        ['run, 50 at once, with history', 1.5],
        ['run, 200 at once, with history', 2],
      ] as const
    ).flatMap(([question, times]) => [
      atLeast(`Redis: ${question}, jobs/s`, of(question, 'perSecond'), times),
      atMost(`Redis: ${question}, Node CPU`, of(question, 'nodeUs'), 0.6),
      atMost(`Redis: ${question}, Redis CPU`, of(question, 'serverUs'), 0.55),
    ]),
  ];
}

function postgresGoals(rows: readonly Row[]): readonly Goal[] {
  return [
    atLeast('PostgreSQL: run, 1 at once, jobs/s', ratio(rows, 'run, 1 at once', 'perSecond'), 1),
    atLeast('PostgreSQL: run, 50 at once, jobs/s', ratio(rows, 'run, 50 at once', 'perSecond'), 10),
    atLeast('PostgreSQL: run, 200 at once, jobs/s', ratio(rows, 'run, 200 at once', 'perSecond'), 10),
  ];
}

function waitingGoals({ latency, lateness, waitsOfOthers }: Results): readonly Goal[] {
  return [
    ...latency
      .filter(({ subject }) => subject === 'Shiftwork')
      .flatMap(({ perSecond, ratios }) => [
        atMost(`Enqueue to start at ${perSecond} jobs/s, p50`, ratios.p50.median, 1.1),
        atMost(`Enqueue to start at ${perSecond} jobs/s, p99`, ratios.p99.median, 1.1),
      ]),
    ...lateness
      .filter(({ subject }) => subject === 'Shiftwork')
      .map(({ median }) => atMost('Delayed jobs begin late, median', median, 20, ' ms')),
    ...waitsOfOthers
      .filter(({ subject }) => subject === 'Shiftwork')
      .map(({ behind, payloadKb, p99 }) =>
        atMost(`Others wait behind ${behind} of ${payloadKb} KB, p99`, p99, 2, ' ms'),
      ),
  ];
}

function otherGoals({ spreading, idle }: Results): readonly Goal[] {
  return [
    ...spreading
      .filter(({ subject }) => subject === 'Shiftwork')
      .map(({ farthest }) => atMost('A burst over 4 idle processes, farthest from its share', farthest, 0.25)),
    ...idle
      .filter(({ subject }) => subject === 'Shiftwork')
      .map(({ commandsPerSecond, queues }) =>
        atMost(`An idle process of ${queues} queues, commands a second`, commandsPerSecond, 20),
      ),
  ];
}
