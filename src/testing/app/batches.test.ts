import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { cancel, defineApp, defineJob, handle, type JobRequest, type Run } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { BatchEndedError, IdempotencyConflictError } from '../../queue/index.ts';
import { fixed } from '../../resilience/index.ts';
import { createTestApp, type TestApp } from '../index.ts';

const letter = defineJob({
  queue: 'email',
  name: 'letter',
  schema: z.strictObject({ to: z.string() }),
  retry: { attempts: 2, backoff: fixed('10m') },
  expiresAfter: '1d',
});
const keyed = defineJob({
  queue: 'email',
  name: 'keyed',
  schema: z.strictObject({ to: z.string(), text: z.string() }),
  key: ({ to }) => [to],
});
const tell = defineJob({ queue: 'post', name: 'tell', schema: z.strictObject({ what: z.string(), of: z.string() }) });

const callbacks = {
  onSuccess: (batch: { id: string }) => tell({ what: 'success', of: batch.id }),
  onComplete: tell({ what: 'complete', of: 'all' }),
  onDeath: tell({ what: 'death', of: 'one' }),
};

describe('a batch', () => {
  const open: TestApp[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });

  function setup(send: (to: string, run: Run) => unknown = () => undefined) {
    const app = defineApp({
      jobs: [letter, keyed, tell],
      handlers: [
        handle(letter, async ({ to }, run) => {
          const said = await send(to, run);
          return typeof said === 'string' ? cancel(said) : undefined;
        }),
        handle(keyed, () => undefined),
        handle(tell, () => undefined),
      ],
    });
    const test = createTestApp(app);
    open.push(test);
    const told = (): readonly string[] => test.dataOf(tell).map(({ what }) => what);
    const batch = (jobs: readonly JobRequest[], more: object = callbacks) =>
      test.client.batch({ name: 'newsletter', jobs, ...more });
    return { test, told, batch };
  }
  const letters = (count: number): readonly JobRequest[] =>
    Array.from({ length: count }, (_, nth) => letter({ to: String(nth) }));

  test('calls back once all of its members have succeeded, with its id where the data wants it', async () => {
    const { test, told, batch } = setup();
    const { id, jobs } = await batch(letters(120));
    expect(jobs).toHaveLength(120);
    expect(told()).toEqual([]);
    expect(await test.client.batchView(id)).toMatchObject({ state: 'running', total: 120, open: 120, done: 0 });
    expect(await test.client.job(jobs[0]?.id ?? '')).toMatchObject({ batch: id });
    await test.drain();
    expect(told()).toEqual(['complete', 'success']);
    expect(test.dataOf(tell)[1]).toEqual({ what: 'success', of: id });
    const view = await test.client.batchView(id);
    expect(view).toMatchObject({ name: 'newsletter', state: 'ended', total: 120, open: 0, done: 120 });
    expect(view?.ended).toMatchObject({ succeeded: 120, dead: 0 });
    expect(view?.called.toSorted()).toEqual(['complete', 'success']);
    expect(view?.keptUntil).toBe((view?.endedAt ?? 0) + 14 * 86_400_000);
  });

  test('a member that is tried again has not ended; its death is told at once, and the end when all have', async () => {
    const { test, told, batch } = setup(to => {
      if (to !== '2') throw new Error('no such mailbox');
    });
    const { id } = await batch([...letters(2), letter({ to: '2' }, { delay: '1h' })]);
    await test.drain();
    expect(told()).toEqual([]);
    await test.advance('10m');
    expect(told()).toEqual(['death']);
    await test.advance('1h');
    expect(told()).toEqual(['death', 'complete']);
    expect((await test.client.batchView(id))?.ended).toMatchObject({ dead: 2, succeeded: 1 });
  });

  test('cancelled, expired and self-cancelled members have ended, and have not succeeded', async () => {
    const { test, told, batch } = setup(to => (to === '0' ? 'not wanted' : undefined));
    const { id, jobs } = await batch([
      letter({ to: '0' }),
      letter({ to: '1' }, { delay: '1h' }),
      letter({ to: '2' }, { delay: '1d' }),
    ]);
    await test.client.cancel(jobs[1]?.id ?? '');
    await test.drain();
    expect((await test.client.batchView(id))?.ended).toMatchObject({ cancelled: 2 });
    await test.advance('1d');
    await test.drain();
    const ended = (await test.client.batchView(id))?.ended;
    expect((ended?.expired ?? 0) + (ended?.succeeded ?? 0)).toBe(1);
    expect(told()).toContain('complete');
    expect(told()).not.toContain('success');
  });

  test('a member adds members, and a run that is repeated adds none again', async () => {
    let runs = 0;
    const { test, told, batch } = setup(async (to, run) => {
      if (to !== '0') return;
      runs += 1;
      const first = await run.batch?.add([letter({ to: '10' }), letter({ to: '11' })]);
      const second = await run.batch?.add([letter({ to: '12' })]);
      expect(new Set([...(first ?? []), ...(second ?? [])]).size).toBe(3);
      if (runs === 1) throw new Error('again');
    });
    const { id } = await batch(letters(1));
    await test.advance('10m');
    expect(runs).toBe(2);
    expect(
      test
        .dataOf(letter)
        .map(({ to }) => to)
        .toSorted(),
    ).toEqual(['0', '10', '11', '12']);
    expect(await test.client.batchView(id)).toMatchObject({ total: 4, done: 4 });
    expect(told()).toEqual(['complete', 'success']);
  });

  test('a run whose worker dies calls back once, and so does one that runs twice', async () => {
    const first = Promise.withResolvers<void>();
    let crashed = false;
    const { test, told, batch } = setup(async () => {
      if (crashed) return;
      crashed = true;
      first.resolve();
      await test.crash();
    });
    test.runTwice(letter);
    await batch(letters(3));
    await test.drain();
    await first.promise;
    expect(told()).toEqual(['complete', 'success']);
  });

  test('a job in no batch has none, and nobody adds to one that has ended', async () => {
    const seen: unknown[] = [];
    const { test, batch } = setup((_to, run) => void seen.push(run.batch?.id));
    await test.client.enqueue(letter, { to: 'x' });
    const { id } = await batch(letters(1));
    await test.drain();
    expect(seen).toEqual([undefined, id]);
    const adding = test.client.addToBatch(id, { id: 'somebody', at: test.now }, letters(1));
    await expect(adding).rejects.toBeInstanceOf(BatchEndedError);
    expect(test.enqueued(letter)).toHaveLength(2);
  });

  test('under one idempotency key the call is made once; a repeat answers the same batch and jobs', async () => {
    const { test, told, batch } = setup();
    const more = { ...callbacks, idempotencyKey: 'march' };
    const said: unknown[] = [];
    const names = ['batch.enqueued', 'batch.ended', 'batch.called-back'] as const;
    for (const name of names) test.facts.on(name, ({ fields }) => said.push({ name, ...fields }));
    const first = await batch(letters(3), more);
    const again = await batch(letters(3), more);
    expect(again.id).toBe(first.id);
    expect(again.jobs.map(({ id }) => id)).toEqual(first.jobs.map(({ id }) => id));
    await test.drain();
    const about = { batchId: first.id, batchName: 'newsletter' };
    expect(said).toEqual([
      { name: 'batch.enqueued', ...about, jobs: 3 },
      { name: 'batch.enqueued', ...about, jobs: 3 },
      { name: 'batch.ended', ...about, jobs: 3, succeeded: 3, dead: 0 },
      { name: 'batch.called-back', ...about, callback: 'complete', jobName: 'tell' },
      { name: 'batch.called-back', ...about, callback: 'success', jobName: 'tell' },
    ]);
    const late = await batch(letters(3), more);
    expect(late.jobs.every(({ deduplicated }) => deduplicated)).toBe(true);
    await test.drain();
    expect(test.enqueued(letter)).toHaveLength(3);
    expect(told()).toEqual(['complete', 'success']);
    expect((await batch(letters(3), { ...callbacks, idempotencyKey: 'april' })).id).not.toBe(first.id);
    for (const other of [letters(2), [...letters(2), letter({ to: 'other' })]]) {
      const refused = batch(other, more);
      await expect(refused).rejects.toBeInstanceOf(IdempotencyConflictError);
      await expect(refused).rejects.toMatchObject({
        jobId: first.id,
        message: expect.stringContaining('whose jobs are others'),
      });
    }
  });

  test('a member whose key stands for another job is skipped, and not waited for', async () => {
    const { test, told, batch } = setup();
    const { id: other } = await test.client.enqueue(keyed, { to: 'a', text: 'x' });
    const { id, jobs } = await batch([keyed({ to: 'a', text: 'x' })]);
    expect(jobs).toMatchObject([{ id: other, deduplicated: true }]);
    expect(await test.client.batchView(id)).toMatchObject({ state: 'ended', total: 1, ended: { skipped: 1 } });
    await test.drain();
    expect(told()).toEqual(['complete', 'success']);
    await test.client.enqueue(keyed, { to: 'b', text: 'x' });
    const refused = batch([keyed({ to: 'b', text: 'y' }), letter({ to: '1' })]);
    await expect(refused).rejects.toBeInstanceOf(IdempotencyConflictError);
    await test.drain();
    expect(told()).toHaveLength(4);
  });

  test.each([
    ['no jobs', { jobs: [] }, 'at least one job, got none'],
    ['jobs that are none', { jobs: [tell] }, 'made by calling a contract'],
    ['no list', { jobs: undefined }, 'a list of requests'],
    ['an empty name', { name: '' }, 'name of a batch'],
    ['a name with a line break', { name: 'a\nb' }, 'name of a batch'],
    ['an unknown option', { onSucess: callbacks.onComplete }, 'onSuccess'],
    ['a callback that is a contract', { onComplete: tell }, 'onComplete of a batch'],
    ['a callback that is a text', { onDeath: 'tell' }, 'onDeath of a batch'],
    ['a callback whose function answers nothing', { onSuccess: () => undefined }, "function of a batch's onSuccess"],
    ['a callback whose function throws', { onSuccess: () => JSON.parse('{') }, 'onSuccess to answer a job made by'],
    ['an idempotency key of 300 characters', { idempotencyKey: 'x'.repeat(300) }, 'idempotencyKey of a batch'],
  ])('refuses %s, and says what to do', async (_, wrong, said) => {
    const { test, batch } = setup();
    const refused = batch(letters(1), wrong);
    await expect(refused).rejects.toBeInstanceOf(InvalidOptionsError);
    await expect(refused).rejects.toThrow(said);
    expect(test.enqueued(letter)).toEqual([]);
  });

  test('what a callback brings is checked before anything is queued', async () => {
    const { test, batch } = setup();
    const wrong = { onComplete: tell({ what: 'x', of: 7 } as never) };
    await expect(batch(letters(1), wrong)).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    expect(test.enqueued(letter)).toEqual([]);
  });

  test('wrong uses do not compile', () => {
    const { test } = setup();
    const calls = [
      // @ts-expect-error a letter has no such field
      () => test.client.batch({ name: 'x', jobs: [letter({ subject: 'x' })] }),
      // @ts-expect-error a callback is a job
      () => test.client.batch({ name: 'x', jobs: [], onSuccess: () => undefined }),
      // @ts-expect-error a batch has a name
      () => test.client.batch({ jobs: [] }),
    ];
    expect(calls).toHaveLength(3);
  });
});
