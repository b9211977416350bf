import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { cancel, defineApp, defineJob, handle, type Middleware, type RunOutcome } from '../../contracts/index.ts';

const task = defineJob({
  queue: 'around',
  name: 'task',
  schema: z.strictObject({ fails: z.boolean().default(false) }),
  retry: { attempts: 1 },
});
const short = defineJob({
  queue: 'around',
  name: 'short',
  schema: z.strictObject({}),
  timeout: '100ms',
  retry: { attempts: 1 },
});

describe.each(engineCases)('middleware on $kind', engineCase => {
  const running: RunningApp[] = [];
  afterEach(async () => {
    for (const app of running.splice(0)) await app.stop();
  });

  async function start(log: string[], ...use: Middleware[]): Promise<RunningApp> {
    const work = ({ fails }: { fails: boolean }): void => {
      log.push('handler');
      if (fails) throw new Error('no');
    };
    const handlers = [handle(task, work), handle(short, () => void log.push('handler'))];
    const app = await runApp(engineCase, defineApp({ jobs: [task, short], handlers, use }));
    running.push(app);
    return app;
  }

  test('stands around each run in its order, and sees what the run came to', async () => {
    const log: string[] = [];
    const named =
      (name: string): Middleware =>
      async ({ contract }, next) => {
        log.push(`${name} before ${contract.name}`);
        const outcome = await next();
        log.push(`${name} after ${outcome.kind}`);
        return outcome;
      };
    const { client, facts } = await start(log, named('outer'), named('inner'));
    const done = facts.next('job.succeeded');
    await client.enqueue(task, {});
    await done;
    expect(log.splice(0)).toEqual([
      'outer before task',
      'inner before task',
      'handler',
      'inner after succeeded',
      'outer after succeeded',
    ]);
    const dead = facts.next('job.dead');
    await client.enqueue(task, { fails: true });
    await dead;
    expect(log.slice(-2)).toEqual(['inner after dead', 'outer after dead']);
  });

  test('may end a run in place of the handler, or make something else of it', async () => {
    const log: string[] = [];
    const { client, facts } = await start(log, async ({ contract }, next) => {
      if (contract.name === 'short') return cancel('closed today');
      const outcome = await next();
      return outcome.kind === 'dead' ? { kind: 'succeeded', result: 'never mind' } : outcome;
    });
    const cancelled = facts.next('job.cancelled');
    await client.enqueue(short, {});
    expect((await cancelled).reason).toBe('closed today');
    expect(log).toEqual([]);
    const done = facts.next('job.succeeded');
    await client.enqueue(task, { fails: true });
    await done;
    expect(log).toEqual(['handler']);
  });

  test('what it throws fails the attempt; one that says nothing leaves the outcome as it is', async () => {
    const log: string[] = [];
    const { client, facts } = await start(log, async ({ contract }, next) => {
      if (contract.name === 'short') throw new Error('no tenant');
      await next();
    });
    const dead = facts.next('job.dead');
    await client.enqueue(short, {});
    expect((await dead).error.message).toBe('no tenant');
    const done = facts.next('job.succeeded');
    await client.enqueue(task, {});
    await done;
    expect(log).toEqual(['handler']);
  });

  test("the contract's timeout counts for it, too", async () => {
    const never = Promise.withResolvers<RunOutcome>();
    const { client, facts } = await start([], () => never.promise);
    const dead = facts.next('job.dead');
    await client.enqueue(short, {});
    expect((await dead).error.message).toContain('JOB_TIMEOUT');
    never.resolve({ kind: 'handed-back' });
  });

  test('what it sets up in its context is there in the handler', async () => {
    const tenants = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const app = await runApp(
      engineCase,
      defineApp({
        jobs: [task],
        handlers: [handle(task, () => void seen.push(tenants.getStore()))],
        use: [(_around, next) => tenants.run('acme', next)],
      }),
    );
    running.push(app);
    const done = app.facts.next('job.succeeded');
    await app.client.enqueue(task, {});
    await done;
    expect(seen).toEqual(['acme']);
  });
});

test('a middleware is a function that answers an outcome, a decision or nothing', () => {
  // @ts-expect-error a middleware answers no number
  const wrong: Middleware = async () => 5;
  expectTypeOf(wrong).toEqualTypeOf<Middleware>();
  // @ts-expect-error no function
  expect(() => defineApp({ jobs: [task], handlers: [], use: ['timing'] })).toThrow('use[0] is a string');
});
