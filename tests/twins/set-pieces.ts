import type { EndKind, Keep, NewJob } from '../../src/engine/turns/index.ts';
import { answersDiffer, difference } from './compare.ts';
import { dump } from './dump.ts';
import { inTime, type Pair } from './run-history.ts';
import { LOCK_MS, type Deed, type Step } from './step.ts';

const NOW = 1_700_000_000_000;
const SETTINGS = { limited: false, metricsKept: 0, losesAnswers: false, eventsKept: undefined } as const;

const job = (id: string): NewJob => ({ id, name: 'greet', data: '{}', opts: { jobId: id }, timestamp: NOW });
const stock = (deed: Deed): Step => ({ what: 'stock', deed });
const take = (token: string): Step => ({
  what: 'turn',
  turn: {
    id: `take ${token}`,
    now: NOW,
    ends: [],
    take: { tokens: [token], worker: 'w', lockMs: LOCK_MS, maxBytes: 1_000 },
  },
});
const succeed = (jobId: string, token: string, keep: Keep): Step => {
  const end: EndKind = { what: 'succeeded', result: '1', keep };
  return { what: 'turn', turn: { id: `end ${token}`, now: NOW, ends: [{ jobId, token, end }], take: undefined } };
};
/** Ten seconds later. */
const later = (step: Step): Step =>
  step.what === 'turn' ? { ...step, turn: { ...step.turn, now: step.turn.now + 10_000 } } : step;
const die = (jobId: string, token: string, keep: Keep): Step => {
  const end: EndKind = { what: 'dead', failure: { message: 'failed', stacktrace: [] }, attempts: 1, keep };
  return { what: 'turn', turn: { id: `end ${token}`, now: NOW, ends: [{ jobId, token, end }], take: undefined } };
};

/** A child has failed, its parent waits for it still, and the end of another job removes it from those that failed. Meanwhile: */
const lastChildGoes = (...meanwhile: readonly Deed[]): readonly Step[] => [
  stock({ what: 'flow', now: NOW, parent: job('parent'), children: [job('child')] }),
  take('1'),
  die('child', '1', { count: -1 }),
  { what: 'add', jobs: [job('other'), job('next')] },
  take('2'),
  take('3'),
  ...meanwhile.map(stock),
  stock({ what: 'drop-key', key: 'marker' }),
  die('other', '2', { count: 1 }),
];

/** A parent has ended, and waits again for a child that has ended too: one look removes both, the parent first. */
const parentGoesWithChild: readonly Step[] = [
  stock({ what: 'flow', now: NOW, parent: job('parent'), children: [job('child')] }),
  take('1'),
  succeed('child', '1', { count: -1 }),
  take('2'),
  succeed('parent', '2', { count: -1 }),
  stock({ what: 'wait-for-it', id: 'child' }),
  { what: 'add', jobs: [job('other'), job('next')] },
  take('3'),
  succeed('other', '3', { age: 0 }),
];

/** Two have ended so long ago that they are too old by now, and with the third there is one too many: both go, not the oldest alone. */
const oldOnesAndOneTooMany: readonly Step[] = [
  { what: 'add', jobs: [job('one'), job('two'), job('three')] },
  ...['1', '2', '3'].map(take),
  succeed('one', '1', { count: -1 }),
  succeed('two', '2', { count: -1 }),
  later(succeed('three', '3', { count: 2, age: 1 })),
];

/** What histories of chance come to in one of thousands. */
const SET_PIECES: Readonly<Record<string, readonly Step[]>> = {
  'what is too old goes before what is too many': oldOnesAndOneTooMany,
  'a parent is released': lastChildGoes(),
  'a parent that is gone is not released': lastChildGoes({ what: 'delete-job', id: 'parent' }),
  'a parent that is removed before its child is not released': parentGoesWithChild,
  'a parent is released while its queue is paused': lastChildGoes({ what: 'pause' }),
  'a parent is released while as many run as may': lastChildGoes({ what: 'set-meta', fields: { concurrency: '1' } }),
  'a parent is released while one more may run': lastChildGoes({ what: 'set-meta', fields: { concurrency: '2' } }),
};

/** Runs them on both twins. Answers what differed, or undefined. */
export async function runSetPieces(pair: Pair): Promise<string | undefined> {
  for (const [name, steps] of Object.entries(SET_PIECES)) {
    await Promise.all([pair.stock.start(SETTINGS), pair.ours.start(SETTINGS)]);
    for (const [nth, step] of steps.entries()) {
      const theirs = await inTime(NOW, () => pair.stock.apply(step));
      const ours = await inTime(NOW, () => pair.ours.apply(step));
      await pair.takeCounts();
      const [one, other] = [await dump(pair.stockRedis, undefined), await dump(pair.ourRedis, undefined)];
      const differs = (step.what === 'stock' ? undefined : answersDiffer(theirs, ours)) ?? difference(one, other);
      if (differs !== undefined) return `${name}, step ${nth + 1}: ${differs}`;
    }
  }
  return undefined;
}
