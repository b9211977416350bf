import { expect, test } from 'vitest';
import type { RunOutcome, RunRecord } from '../../src/journal/index.ts';
import type { JobDetails } from '../../src/queue/index.ts';
import { unreadJob } from '../../tests/support/unread-job.ts';
import { attemptsOf, isEndExpected } from './attempts.ts';
import type { ReadJob } from './read-job.ts';
import { storyOf } from './story.ts';
import { waterfall } from './waterfall.ts';

const AT = Date.UTC(2026, 10, 29);
const QUEUE = 'email';
const ID = 'email-0mwtkts1d0000raf4nk6-abcdefghij';

function view(given: Partial<JobDetails>): JobDetails {
  return {
    id: ID,
    name: 'order-mail',
    queue: QUEUE,
    state: 'waiting',
    attemptsMade: 0,
    attempts: 3,
    correlationId: ID,
    parent: undefined,
    children: undefined,
    items: undefined,
    batch: undefined,
    enqueuedBy: undefined,
    replayOf: undefined,
    tags: [],
    enqueuedAt: AT,
    startedAt: undefined,
    finishedAt: undefined,
    waitsFor: undefined,
    progress: undefined,
    result: undefined,
    deadReason: undefined,
    lastError: undefined,
    errors: [],
    producer: undefined,
    ...given,
  };
}

function run(attempt: number, from: number, to: number, outcome: RunOutcome): RunRecord {
  const who = { jobId: ID, jobName: 'order-mail', queue: QUEUE, worker: 'w-1', host: 'a', correlationId: ID, tags: [] };
  return { ...who, attempt, outcome, endedAt: AT + to, ranMs: to - from };
}

function job(given: Partial<ReadJob>): ReadJob {
  return { ...unreadJob(ID), ...given };
}

/** What it waited, when it began and ended, and what it came to, from when it was enqueued. */
function told(given: Partial<ReadJob>): readonly unknown[] {
  const since = (at: number | undefined): number | undefined => (at === undefined ? undefined : at - AT);
  return attemptsOf(job(given)).map(({ attempt, waitedFrom, startedAt, endedAt, came }) => [
    attempt,
    since(waitedFrom),
    since(startedAt),
    since(endedAt),
    came,
  ]);
}

test('each attempt stands with what it waited: since the job was enqueued, since the one before it, since a replay', () => {
  const failed = { what: 'failed', worker: 'w-1', version: 1, error: 'Error', message: 'no' } as const;
  expect(
    told({
      view: view({ state: 'delayed', attemptsMade: 1 }),
      runs: [run(1, 1_000, 1_200, 'retried'), run(3, 90_000, 91_000, 'dead')],
      history: [
        // The journal has the first as well, and lacks the second.
        { ...failed, attempt: 1, at: AT + 1_201, ranMs: 200 },
        { ...failed, attempt: 2, at: AT + 31_500, ranMs: 500 },
        { what: 'replayed', at: AT + 200_000, by: 'ann' },
        { ...failed, attempt: 1, at: AT + 201_000, ranMs: 500 },
      ],
    }),
  ).toEqual([
    [1, 0, 1_000, 1_200, 'retried'],
    [2, 1_200, 31_000, 31_500, 'retried'],
    [3, 31_500, 90_000, 91_000, 'dead'],
    [1, 200_000, 200_500, 201_000, 'retried'],
    [2, 201_000, undefined, undefined, 'waits'],
  ]);
  expect(told({ view: view({ state: 'running', startedAt: AT + 700 }) })).toEqual([[1, 0, 700, undefined, 'running']]);
  // It is gone from its queue: what the journal has says since when it waited.
  expect(told({ runs: [{ ...run(1, 1_000, 1_200, 'succeeded'), waitedMs: 300 }] })).toEqual([
    [1, 700, 1_000, 1_200, 'succeeded'],
  ]);
});

test('an end that the journal does not have yet is told from the job itself, and the page looks once more for a while', () => {
  const ended = job({
    view: view({ state: 'succeeded', attemptsMade: 2, startedAt: AT + 5_000, finishedAt: AT + 9_000 }),
    runs: [run(1, 1_000, 1_200, 'retried')],
  });
  expect(attemptsOf(ended).at(-1)).toMatchObject({ attempt: 2, waitedFrom: AT + 1_200, came: 'succeeded' });
  expect(storyOf(ended, AT + 9_500).at(-1)).toMatchObject({ at: AT + 9_000, text: 'succeeded' });
  expect(isEndExpected(ended, AT + 9_500)).toBe(true);
  expect(isEndExpected(ended, AT + 60_000)).toBe(false);
  expect(isEndExpected({ ...ended, journal: 'unread' }, AT + 9_500)).toBe(false);
  const whole = { ...ended, runs: [...ended.runs, run(2, 5_000, 9_000, 'succeeded')] };
  expect(isEndExpected(whole, AT + 9_500)).toBe(false);
  expect(attemptsOf(whole)).toHaveLength(2);
  expect(storyOf(whole, AT + 9_500).filter(({ text }) => text.includes('succeeded'))).toHaveLength(1);
});

test('the picture has a bar for each wait, each attempt and each child, and a table behind it; none before the first attempt', () => {
  expect(waterfall('', job({ view: view({}) }), AT + 1_000)).toBeUndefined();
  const child = { queue: 'shop', id: 'shop-0mwtkts1d0000raf4nk6-abcdefghij' };
  const shown = waterfall(
    '',
    job({
      view: view({ state: 'delayed', attemptsMade: 1 }),
      runs: [run(1, 1_000, 1_200, 'retried')],
      children: [{ ...child, state: 'succeeded' }],
      following: [{ ...run(1, 100, 300, 'succeeded'), jobId: child.id, queue: child.queue, jobName: 'pick <b>' }],
    }),
    AT + 3_000,
  )?.markup;
  expect(shown?.match(/<rect/g)).toHaveLength(4);
  expect(shown).toContain('attempt 1: waited 1.0 s, ran 200 ms, failed, tried again on w-1');
  expect(shown).toContain('attempt 2: waited 1.8 s, waits');
  expect(shown).toContain('pick &lt;b&gt;, ran 200 ms, succeeded');
  expect(shown?.match(/scope="row"/g)).toHaveLength(3);
});
