import { UnrecoverableError } from 'bullmq';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { engineCases, type EngineFixture } from '../../../tests/support/engines.ts';
import { stockWorker } from '../../../tests/support/stock-worker.ts';
import { runApp } from '../../../tests/support/running-app.ts';
import { seedLetters } from '../../../tests/support/seed-letters.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { openState } from '../../state/index.ts';
import { DeadLetters } from '../dead-letters.ts';
import { CauseCounter } from './cause-counter.ts';
import { sweepCauses } from './sweep-causes.ts';

const work = defineJob({ queue: 'causes', name: 'work', schema: z.object({ n: z.number() }), retry: { attempts: 1 } });
const app = defineApp({ jobs: [work], handlers: [] });

describe.each(engineCases)('causes of dead letters on $kind', engineCase => {
  let fixture: EngineFixture;
  let engine: Engine;
  let counter: CauseCounter;
  let letters: DeadLetters;

  beforeEach(async () => {
    fixture = await engineCase.open();
    engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    await engine.migrate();
    counter = await CauseCounter.open(app, engine);
    letters = new DeadLetters({ engine, app });
  });
  afterEach(async () => {
    await engine.close(2_000);
    await fixture.cleanup();
  });

  /** Answers their names. */
  const seed = async (count: number, reason = (index: number) => `number ${index} is odd`) =>
    (
      await seedLetters(fixture, 'causes', count, index => ({ name: 'work', data: '{"n":1}', reason: reason(index) }))
    ).map(id => `causes/${id}`);
  const counted = async (): Promise<number> => (await counter.index.size('causes')).counted;

  test('when the letters of a cause ended is counted by stretches, at their edges once', async () => {
    await seed(7, index => (index < 6 ? 'one kind of failure' : 'another kind'));
    await counter.compare('causes');
    const groups = await letters.groups();
    const from = Math.min(...groups.map(({ firstEndedAt = 0 }) => firstEndedAt));
    // Three of them end in each millisecond.
    const strikes = await letters.strikes(groups, { from, stepMs: 1, steps: 3 });
    expect(groups.map(({ fingerprint }) => strikes.get(fingerprint))).toEqual([
      [3, 3, 0],
      [0, 0, 1],
    ]);
    expect(await letters.strikes([], { from, stepMs: 1, steps: 3 })).toEqual(new Map());
    const later = { from: from + 10, stepMs: 1, steps: 3 };
    expect(await letters.strikes([...groups, { fingerprint: 'of another queue' }], later)).toEqual(new Map());
  });

  test('jobs are counted as they die, by whoever runs them, and no longer once they are replayed or discarded', async () => {
    const doomed = defineApp({
      jobs: [work],
      handlers: [
        handle(work, ({ n }) => {
          throw new TypeError(`number ${n} is odd`);
        }),
      ],
    });
    const running = await runApp(engineCase, doomed);
    try {
      const here = await CauseCounter.open(doomed, running.engine);
      const count = async (): Promise<number> => (await here.index.size('causes')).counted;
      await running.client.enqueueMany([work({ n: 1 }), work({ n: 2 }), work({ n: 3 })]);
      await waitFor('all to be counted', async () => (await count()) === 3);
      const own = new DeadLetters({ engine: running.engine, app: doomed });
      const [cause, ...others] = await own.groups();
      expect(others).toEqual([]);
      expect(cause).toMatchObject({ count: 3, name: 'work', reason: expect.stringMatching(/number \d is odd/) });
      const [newest] = await own.list();
      await own.discard({ ids: [newest?.id ?? ''] }, { by: 'test', reason: 'cleaned up' });
      expect(await count()).toBe(2);
      // They fail again, and are counted once each.
      const again = running.facts.next('job.dead');
      expect((await own.replay({ fingerprint: cause?.fingerprint }, { by: 'test' })).done).toHaveLength(2);
      await again;
      await waitFor('both to be counted again', async () => (await own.groups())[0]?.count === 2);
    } finally {
      await running.stop();
    }
  });

  test('what workers of other programs bury, and what others remove, is found in the background', async () => {
    const queue = await engine.queue('causes');
    const other = await stockWorker(engine, 'causes', () => Promise.reject(new UnrecoverableError('not ours')), {
      name: 'other',
    });
    void other.run();
    await queue.addBulk(Array.from({ length: 7 }, () => ({ name: 'work', data: {} })));
    await waitFor('the jobs to fail', async () => (await queue.getFailedCount()) === 7);
    const stop = sweepCauses({ open: async () => counter, queues: async () => ['causes'], everyMs: 20 });
    try {
      await waitFor('all to be counted', async () => (await counted()) === 7);
      await queue.clean(0, 3, 'failed');
      const [one] = await queue.getFailed(0, 0);
      await one?.remove();
      const [two] = await queue.getFailed(0, 0);
      await two?.retry('failed');
      await waitFor('what is gone to be counted no longer, and the retried one again', async () => {
        const [standing] = await letters.standing();
        return standing?.kept === 3 && standing.counted === 3 && standing.comparedAt !== undefined;
      });
      expect(await letters.groups()).toMatchObject([{ count: 3 }]);
    } finally {
      stop();
    }
  });

  test('what was just compared is not walked through again, although the clock of this machine is ahead by 10 minutes', async () => {
    await seed(3);
    await counter.compare('causes');
    const now = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => now() + 600_000);
    onTestFinished(() => void vi.restoreAllMocks());
    const step = vi.spyOn(counter, 'step');
    const queues = vi.fn<() => Promise<string[]>>(async () => ['causes']);
    const stop = sweepCauses({ open: async () => counter, queues, everyMs: 20 });
    try {
      await waitFor('several looks', () => queues.mock.calls.length >= 4);
      expect(step).not.toHaveBeenCalled();
    } finally {
      stop();
    }
  });

  test('causes tell of all letters, and an action by cause acts on all, however many there are', async () => {
    // Several of its steps of a thousand; PostgreSQL reads a thousand a second on a loaded machine.
    const count = engineCase.kind === 'redis' ? 5_500 : 2_000;
    const rares = count / 100;
    await seed(count, index => (index % 100 === 0 ? 'rare' : `number ${index} is odd`));
    const [frequent, rare] = await letters.groups();
    expect([frequent?.count, rare?.count]).toEqual([count - rares, rares]);
    expect(await letters.count()).toBe(count);
    const asked = { fingerprint: frequent?.fingerprint };
    expect((await letters.replay(asked, { by: 'test', dryRun: true })).done).toHaveLength(count - rares);
    const queue = await engine.queue('causes');
    expect((await letters.discard({ fingerprint: rare?.fingerprint }, { by: 'test', reason: 'r' })).done).toHaveLength(
      rares,
    );
    expect(await queue.getFailedCount()).toBe(count - rares);
  });

  test('a page says what is not counted yet, and does not count it itself beyond a bound', async () => {
    await seed(1_000);
    const page = new DeadLetters({ engine, app, bounded: true });
    const [cause] = await page.groups();
    expect(cause?.count).toBe(200);
    expect(await page.standing()).toMatchObject([{ kept: 1_000, counted: 200, comparedAt: undefined }]);
    await counter.compare('causes');
    expect((await page.groups())[0]?.count).toBe(1_000);
  });

  test('the page of one cause finds it however rare it is among the causes of its queue', async () => {
    const word = (n: number): string => String.fromCharCode(97 + Math.floor(n / 26), 97 + (n % 26));
    await seed(421, index => `the ${word(Math.floor(index / 2))}-service refused`);
    await counter.compare('causes');
    const rare = (await letters.groups()).find(({ count }) => count === 1)?.fingerprint;
    const page = new DeadLetters({ engine, app, bounded: true });
    expect((await page.groups()).map(({ fingerprint }) => fingerprint)).not.toContain(rare);
    expect(await page.groups({ fingerprint: rare, all: true })).toMatchObject([{ fingerprint: rare, count: 1 }]);
    expect(await page.list({ fingerprint: rare, all: true })).toHaveLength(1);
    expect(await page.groups({ fingerprint: 'none', all: true })).toEqual([]);
  });

  test('many that ended in one millisecond are all counted', async () => {
    await seed(30);
    const walked: string[] = [];
    for (let from: string | undefined, more = true; more; more = from !== undefined) {
      const part = await counter.index.uncounted('causes', from, 2);
      walked.push(...part.items.map(({ id }) => `causes/${id}`));
      from = part.next;
    }
    expect(new Set(walked).size).toBe(30);
  });

  test('a walk through a cause passes over none while those before it are dropped, and meets none twice', async () => {
    const ids = await seed(40);
    await counter.compare('causes');
    const [cause = { cause: '' }] = await counter.index.causes('causes', 0, 1);
    const walked: string[] = [];
    for (let from: string | undefined, more = true; more; more = from !== undefined) {
      const part = await counter.index.walk('causes', cause.cause, from, 7);
      walked.push(...part.items.map(({ id }) => `causes/${id}`));
      await counter.index.drop('causes', part.items.slice(0, 4));
      from = part.next;
    }
    expect(walked).toEqual(ids.toReversed());
  });

  test('the same letter is counted once however often it is said, and under its newest end alone', async () => {
    const letter = { id: 'a:b', endedAt: 5, cause: 'one', expected: false, name: 'work', reason: 'first' };
    await counter.index.put('causes', [letter, letter]);
    await counter.index.put('causes', [{ ...letter, endedAt: 7, cause: 'two', reason: 'second' }]);
    await counter.index.drop('causes', [{ id: 'a:b', endedAt: 5 }]);
    const only = { cause: 'two', count: 1, firstEndedAt: 7, lastEndedAt: 7, reason: 'second', name: 'work' };
    expect(await counter.index.causes('causes', 0, 9)).toEqual([{ ...only, expected: false }]);
    await counter.index.drop('causes', [{ id: 'a:b', endedAt: 7 }]);
    expect(await counter.index.causes('causes', 0, 9)).toEqual([]);
  });

  test('what is done is done, also where nobody can be told of it', async () => {
    class Broken extends Facts {
      override emit(): void {
        throw new Error('no listener');
      }
    }
    const ids = await seed(3);
    const some = new DeadLetters({ engine, app, facts: new Broken() });
    expect(await letters.replay({ ids: ids.slice(0, 1) }, { by: 'test' })).toMatchObject({ done: ids.slice(0, 1) });
    expect(await some.replay({ ids: ids.slice(1, 2) }, { by: 'test' })).toMatchObject({ done: ids.slice(1, 2) });
    expect(await some.discard({ ids: ids.slice(2) }, { by: 'test', reason: 'r' })).toMatchObject({
      done: ids.slice(2),
    });
  });

  test('one that a killed process was acting on is acted on as soon as that is sure', async () => {
    const ids = await seed(2);
    // The lease is the killed one's for ten seconds; here for less.
    const [id = ''] = ids;
    const state = await openState(engine);
    await state.compareAndSet('dead-letter', id, 0, {}, 1_500);
    expect((await letters.replay({ ids }, { by: 'test' })).done.toSorted()).toEqual(ids);
    // It was waited for, and not passed by under another name.
    expect(await state.get('dead-letter', id)).toBeUndefined();
  });
});
