import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  defineApp,
  defineEvent,
  defineJob,
  defineResource,
  defineSchedule,
  handle,
  react,
  type App,
  type Needs,
} from '../../contracts/index.ts';
import { fixed } from '../../resilience/index.ts';
import { IdempotencyConflictError, QueueUnavailableError, type Enqueuer } from '../../queue/index.ts';
import { createTestApp, TestAppStoppedError, type TestApp } from '../index.ts';

interface Mailer {
  send(to: string): Promise<void>;
}
const mailer = defineResource<undefined, Mailer>({
  name: 'mailer',
  configure: () => undefined,
  open: () => ({ send: () => Promise.reject(new Error('no mail in tests')) }),
});

const letter = defineJob({
  queue: 'email',
  name: 'letter',
  schema: z.strictObject({ to: z.string().min(1) }),
  retry: { attempts: 3, backoff: fixed('10m') },
});
const stamp = defineJob({ queue: 'post', name: 'stamp', schema: z.strictObject({ to: z.string() }) });
const report = defineJob({ queue: 'post', name: 'report', schema: z.strictObject({ slot: z.string() }) });
const offer = defineJob({
  queue: 'post',
  name: 'offer',
  schema: z.strictObject({ nth: z.number() }),
  expiresAfter: '1h',
});
const daily = defineJob({
  queue: 'post',
  name: 'daily',
  schema: z.strictObject({ user: z.string() }),
  key: ({ user }) => [user],
});
const registered = defineEvent('user.registered', { schema: z.strictObject({ email: z.string() }) });

const greet = react(registered, 'greet', ({ payload }) => [letter({ to: payload.email })]);

const MORNING = new Date('2026-03-02T06:00:00.000Z');

describe('a test app', () => {
  const open: TestApp[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  const opened = <App extends TestApp>(app: App): App => {
    open.push(app);
    return app;
  };

  /** A letter leads to a stamp; every morning at nine there is a report. */
  function setup(send: (to: string) => Promise<void> | void = () => undefined) {
    const sent: string[] = [];
    const stamped: string[] = [];
    const app = defineApp({
      jobs: [letter, stamp, report, offer, daily],
      handlers: [
        handle(letter, { mailer }, async ({ to }, _run, needs) => {
          await needs.mailer.send(to);
          await kit.client.enqueue(stamp, { to });
        }),
        handle(stamp, ({ to }) => void stamped.push(to)),
        handle(report, ({ slot }) => void stamped.push(slot)),
        handle(offer, ({ nth }) => void stamped.push(`offer ${nth}`)),
        handle(daily, ({ user }) => void stamped.push(`daily ${user}`)),
      ],
      events: [registered],
      reactions: [greet],
      schedules: [
        defineSchedule({
          name: 'report',
          job: report,
          data: slot => ({ slot: slot.toISOString() }),
          cron: '0 9 * * *',
          timeZone: 'UTC',
        }),
      ],
      queues: { post: { rate: { max: 2, per: '1m' } } },
    });
    const kit: TestApp = opened(
      createTestApp(app, {
        now: MORNING,
        needs: {
          mailer: {
            send: async to => {
              await send(to);
              sent.push(to);
            },
          },
        },
      }),
    );
    return { kit, sent, stamped };
  }

  test('nothing runs until it is told to; then everything does that follows', async () => {
    const { kit, sent, stamped } = setup();
    const { id } = await kit.client.enqueue(letter, { to: 'ada' });
    await new Promise(setImmediate);
    expect(sent).toEqual([]);
    expect(kit.enqueued(letter)).toMatchObject([{ id, data: { to: 'ada' }, delayMs: 0, queue: 'email' }]);
    await kit.drain();
    expect([sent, stamped]).toEqual([['ada'], ['ada']]);
    expect(await kit.client.job(id)).toMatchObject({ state: 'succeeded', attemptsMade: 1 });
    expect(kit.runs.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['letter', 'succeeded'],
      ['stamp', 'succeeded'],
    ]);
  });

  test('the client is the whole client: it refuses, deduplicates and cancels as in production', async () => {
    const { kit, sent } = setup();
    await expect(kit.client.enqueue(letter, { to: '' })).rejects.toThrow('does not fit its schema');
    await kit.client.enqueue(letter, { to: 'ada' }, { idempotencyKey: 'k' });
    expect(await kit.client.enqueue(letter, { to: 'ada' }, { idempotencyKey: 'k' })).toMatchObject({
      deduplicated: true,
    });
    await expect(kit.client.enqueue(letter, { to: 'eve' }, { idempotencyKey: 'k' })).rejects.toThrow(
      IdempotencyConflictError,
    );
    const { id } = await kit.client.enqueue(letter, { to: 'bob' });
    await kit.client.cancel(id, { reason: 'moved' });
    await kit.drain();
    expect(sent).toEqual(['ada']);
    expect(kit.runs.find(({ jobId }) => jobId === id)).toMatchObject({ outcome: 'cancelled', reason: 'moved' });
  });

  test('time passes when it is told to: delays and retries come at their moments', async () => {
    let broken = 2;
    const { kit, sent } = setup(() => {
      if (broken-- > 0) throw new Error('busy');
    });
    await kit.client.enqueue(letter, { to: 'ada' }, { delay: '2h' });
    await kit.advance('119m');
    expect(kit.runs).toEqual([]);
    await kit.advance('2m');
    expect(kit.runs).toMatchObject([{ outcome: 'retried', attempt: 1 }]);
    await kit.advance('1h');
    expect(sent).toEqual(['ada']);
    expect(kit.runs.filter(({ name }) => name === 'letter').map(({ outcome }) => outcome)).toEqual([
      'retried',
      'retried',
      'succeeded',
    ]);
    expect(kit.now).toEqual(new Date(MORNING.getTime() + 181 * 60_000));
  });

  test('what nobody began in its time expires, by the clock of the test', async () => {
    const { kit, stamped } = setup();
    const { id } = await kit.client.enqueue(offer, { nth: 1 });
    kit.engine.takeAway();
    await kit.advance('61m');
    kit.engine.bringBack();
    await kit.client.enqueue(offer, { nth: 2 });
    await kit.drain();
    expect(stamped).toEqual(['offer 2']);
    expect(kit.runs).toContainEqual(expect.objectContaining({ jobId: id, reason: 'expired' }));
  });

  test('a schedule has one job for each slot, at its time', async () => {
    const { kit, stamped } = setup();
    await kit.advance('3d');
    expect(stamped).toEqual(['2026-03-02T09:00:00.000Z', '2026-03-03T09:00:00.000Z', '2026-03-04T09:00:00.000Z']);
    expect(kit.enqueued(report).map(({ enqueuedAt }) => new Date(enqueuedAt).toISOString())).toEqual(stamped);
  });

  test('so has one that is made at run time, with the rest', async () => {
    const { kit, stamped } = setup();
    await kit.client.schedules.upsert('daily:ada', { job: daily({ user: 'ada' }), cron: '30 8 * * *' });
    await kit.advance('2d');
    expect(stamped).toEqual(['daily ada', '2026-03-02T09:00:00.000Z', 'daily ada', '2026-03-03T09:00:00.000Z']);
    expect((await kit.client.schedules.get('daily:ada'))?.runs).toHaveLength(2);
  });

  test('what is above a limit waits for its window', async () => {
    const { kit, stamped } = setup();
    for (const nth of [1, 2, 3, 4, 5]) await kit.client.enqueue(offer, { nth });
    await kit.drain();
    expect(stamped).toHaveLength(2);
    await kit.advance('1m');
    expect(stamped).toHaveLength(4);
    await kit.advance('1m');
    expect(stamped).toHaveLength(5);
  });

  test('a key is free again when its window is over', async () => {
    const { kit } = setup();
    await kit.client.enqueue(daily, { user: 'ada' });
    await kit.advance('23h');
    expect(await kit.client.enqueue(daily, { user: 'ada' })).toMatchObject({ deduplicated: true });
    await kit.advance('2h');
    expect(await kit.client.enqueue(daily, { user: 'ada' })).toMatchObject({ deduplicated: false });
  });

  test('an event leads to the jobs of its reactions, from the bus and from the outbox alike', async () => {
    const { kit, sent } = setup();
    await kit.bus.publish(registered({ email: 'ada' }));
    await kit.transaction(tx => kit.outbox.publish(tx, registered({ email: 'bob' })));
    await kit.transaction(tx => kit.outbox.enqueue(tx, letter, { to: 'cyd' }));
    expect(kit.published(registered)).toEqual([{ email: 'ada' }, { email: 'bob' }]);
    expect(kit.enqueued(letter)).toEqual([]);
    await kit.relay();
    expect(
      kit
        .dataOf(letter)
        .map(({ to }) => to)
        .toSorted(),
    ).toEqual(['ada', 'bob', 'cyd']);
    expect(sent).toEqual([]);
    await kit.drain();
    expect(sent.toSorted()).toEqual(['ada', 'bob', 'cyd']);
  });

  test('jobs that are written with their event are the ones that its reaction would make, once', async () => {
    const { kit, sent } = setup();
    const event = registered({ email: 'ada' });
    const { jobs } = await kit.transaction(tx => kit.outbox.publish(tx, event, { reactions: [greet] }));
    await kit.drain();
    expect(sent).toEqual(['ada']);
    expect(kit.enqueued(letter).map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
  });

  test('a transaction that fails has written nothing', async () => {
    const { kit, sent } = setup();
    const failed = kit.transaction(async tx => {
      await kit.outbox.publish(tx, registered({ email: 'ada' }));
      throw new Error('the email is taken');
    });
    await expect(failed).rejects.toThrow('the email is taken');
    await kit.drain();
    expect([sent, kit.published(registered)]).toEqual([[], []]);
  });

  test('while the engine is away a producer is told so, and what was queued is done when it is back', async () => {
    const { kit, sent } = setup();
    await kit.client.enqueue(letter, { to: 'ada' });
    await kit.transaction(tx => kit.outbox.publish(tx, registered({ email: 'bob' })));
    kit.engine.takeAway();
    await expect(kit.client.enqueue(letter, { to: 'eve' })).rejects.toThrow(QueueUnavailableError);
    const said = {
      code: 'TEST_APP_STOPPED',
      by: 'engine-away',
      message: expect.stringContaining('engine.bringBack()'),
    };
    await expect(kit.drain()).rejects.toMatchObject(said);
    await expect(kit.relay()).rejects.toMatchObject(said);
    await kit.advance('1d');
    expect(sent).toEqual([]);
    kit.engine.bringBack();
    await kit.drain();
    expect(sent.toSorted()).toEqual(['ada', 'bob']);
  });

  test('what is asked of it after close() is refused, and what to do about it', async () => {
    const { kit } = setup();
    await kit.client.enqueue(letter, { to: 'ada' });
    await kit.close();
    for (const call of [
      () => kit.drain(),
      () => kit.advance('1d'),
      () => kit.relay(),
      () => kit.crash(),
      () => kit.transaction(async () => undefined),
    ])
      await expect(call()).rejects.toMatchObject({
        code: 'TEST_APP_STOPPED',
        by: 'closed',
        message: expect.stringContaining('look for a missing await'),
      });
    await expect(kit.client.enqueue(letter, { to: 'ada' })).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    await expect(kit.bus.publish(registered({ email: 'bob' }))).rejects.toThrow();
    expect(() => kit.runTwice(letter)).toThrow(TestAppStoppedError);
    await kit.close();
  });

  test('a job whose end is lost runs twice', async () => {
    const { kit, sent } = setup();
    const { id } = await kit.client.enqueue(letter, { to: 'ada' });
    kit.runTwice(letter);
    await kit.drain();
    expect(sent).toEqual(['ada', 'ada']);
    expect(kit.runs.filter(({ jobId }) => jobId === id)).toMatchObject([{ outcome: 'succeeded', attempt: 1 }]);
  });

  test('a worker that dies in the middle of a run loses no attempt and no job', async () => {
    let crashes = 1;
    const { kit, sent } = setup(async () => {
      if (crashes-- > 0) await kit.crash();
    });
    const rescued = kit.facts.next('job.rescued');
    const { id } = await kit.client.enqueue(letter, { to: 'ada' });
    await kit.drain();
    expect(sent).toEqual(['ada']);
    expect(await rescued).toMatchObject({ jobId: id, cause: 'worker-died' });
    expect(await kit.client.job(id)).toMatchObject({ state: 'succeeded', attemptsMade: 1 });
  });

  test('a run that does not end is named', async () => {
    const app = defineApp({ jobs: [stamp], handlers: [handle(stamp, () => new Promise<void>(() => undefined))] });
    const kit = opened(createTestApp(app, { patience: '50ms' }));
    const { id } = await kit.client.enqueue(stamp, { to: 'ada' });
    await expect(kit.drain()).rejects.toMatchObject({
      code: 'DRAIN_STUCK',
      jobIds: [id],
      message: expect.stringContaining('"stamp"'),
    });
  });

  test('a reaction that throws is the error of whoever lets it travel', async () => {
    const app = defineApp({
      jobs: [],
      handlers: [],
      reactions: [
        react(registered, 'broken', () => {
          throw new Error('no such user');
        }),
      ],
    });
    const kit = opened(createTestApp(app));
    await kit.bus.publish(registered({ email: 'ada' }));
    await expect(kit.drain()).rejects.toThrow('no such user');
    await kit.drain();
  });

  test('what is missing, or a worker would refuse, is refused before anything begins', () => {
    const app: App = defineApp({ jobs: [letter], handlers: [handle(letter, { mailer }, () => undefined)] });
    expect(() => createTestApp(app)).toThrow('"mailer" (of "letter")');
    const idle = defineApp({ jobs: [stamp, report], handlers: [handle(stamp, () => undefined)] });
    expect(() => createTestApp(idle)).toThrow('Expected a handler for job "report"');
  });

  test('what is no contract is refused where a test asks what was queued of it: nothing ever is', () => {
    const kit = opened(createTestApp(defineApp({ jobs: [stamp], handlers: [handle(stamp, () => undefined)] })));
    expect(kit.enqueued(stamp)).toEqual([]);
    // @ts-expect-error a name is no contract
    expect(() => kit.enqueued('stamp')).toThrow('Expected enqueued(contract)');
    // @ts-expect-error nor is nothing
    expect(() => kit.dataOf(undefined)).toThrow('Expected enqueued(contract)');
  });

  test('one resource under two names can be given by itself', async () => {
    const sent: string[] = [];
    const app = defineApp({
      jobs: [letter, stamp],
      handlers: [
        handle(letter, { mailer }, ({ to }, _run, needs) => needs.mailer.send(to)),
        handle(stamp, { post: mailer }, ({ to }, _run, needs) => needs.post.send(to)),
      ],
    });
    const kit = opened(
      createTestApp(app, { needs: new Map([[mailer, { send: async (to: string) => void sent.push(to) }]]) }),
    );
    await kit.client.enqueueMany([letter({ to: 'a' }), stamp({ to: 'b' })]);
    await kit.drain();
    expect(sent.toSorted()).toEqual(['a', 'b']);
  });
});

test('what is no app, and options that mean nothing, are refused', () => {
  const bare = defineApp({ jobs: [stamp], handlers: [handle(stamp, () => undefined)] });
  for (const [make, said] of [
    // @ts-expect-error an app has been defined
    [() => createTestApp(undefined), 'with what defineApp() has made, got undefined'],
    // @ts-expect-error there is no such option
    [() => createTestApp(bare, { need: {} }), 'got "need". Did you mean "needs"?'],
    // @ts-expect-error a time is a Date
    [() => createTestApp(bare, { now: '2026-01-01' }), 'now of createTestApp() to be a Date, got string'],
    [() => createTestApp(bare, { now: new Date(Number.NaN) }), 'got an invalid one'],
    // @ts-expect-error a contract, not its name
    [() => createTestApp(bare).runTwice('stamp'), 'Expected runTwice(contract) with what defineJob() has made'],
  ] as const) {
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
    expect(make).toThrow(said);
  }
});

test('needs are typed by the handlers, and the client is what code under test takes', () => {
  const app = defineApp({
    jobs: [letter, stamp],
    handlers: [handle(letter, { mailer }, () => undefined), handle(stamp, () => undefined)],
  });
  expectTypeOf(app).toExtend<App<{ readonly mailer: typeof mailer }>>();
  // @ts-expect-error the handlers need a mailer
  expect(() => createTestApp(app)).toThrow('mailer');
  // @ts-expect-error a mailer sends
  void (() => createTestApp(app, { needs: { mailer: { post: () => undefined } } }));
  const bare = defineApp({ jobs: [stamp], handlers: [handle(stamp, () => undefined)] });
  expectTypeOf(createTestApp<Needs>).toBeCallableWith(bare);
  expectTypeOf<TestApp['client']>().toExtend<Enqueuer>();
  expectTypeOf<ReturnType<TestApp['enqueued']>>().toExtend<readonly { readonly id: string }[]>();
});
