import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { namespace, redisUrl } from '../../../../tests/support/engines.ts';
import { startRedis, type RedisServer } from '../../../../tests/support/redis-server.ts';
import { waitFor } from '../../../../tests/support/wait-for.ts';
import { dead, snooze } from '../../../contracts/index.ts';
import { Facts } from '../../../facts/index.ts';
import { fixed } from '../../../resilience/index.ts';
import { Bus } from '../../bus/bus.ts';
import { events, userUpdated } from '../../transport-trial.contract-suite.ts';
import { transportContract } from '../../transport.contract-suite.ts';
import { RedisStreamsTransport, type RedisStreamsOptions } from './streams-transport.ts';

const DECLARED = { durable: true, replay: true, ordered: true, fanOut: true, groups: true };

transportContract('redis-streams', DECLARED, async () => {
  const options = { url: redisUrl(), namespace: namespace(), claimAfterMs: 60_000, inspectEveryMs: 50 };
  return {
    open: () => new RedisStreamsTransport(options),
    async cleanup() {
      const redis = new Redis(redisUrl());
      await redis.del(`${options.namespace}:events`, `${options.namespace}:events:dead`);
      redis.disconnect();
    },
  };
});

describe('redis-streams beyond the contract', () => {
  let redis: Redis;
  let space: string;
  let buses: Bus[];
  let facts: Facts;

  beforeEach(() => {
    redis = new Redis(redisUrl());
    space = namespace();
    buses = [];
    facts = new Facts();
  });
  afterEach(async () => {
    await Promise.all(buses.map(bus => bus.close(1_000)));
    await redis.del(`${space}:events`, `${space}:events:dead`);
    redis.disconnect();
  });

  const open = (options: Partial<RedisStreamsOptions> = {}): Bus => {
    const transport = new RedisStreamsTransport({
      url: redisUrl(),
      namespace: space,
      // Where a dead one's events are to be claimed, less: a live one that is starved for so long loses its own as well.
      claimAfterMs: 60_000,
      inspectEveryMs: 30,
      ...options,
    });
    const bus = new Bus({ events, transport, facts });
    buses.push(bus);
    return bus;
  };
  /** Takes what waits for the group as a process that dies would, and answers nothing. */
  const takeAndDie = (name: string) =>
    redis.xreadgroup('GROUP', 'g user.updated', name, 'COUNT', 10, 'STREAMS', `${space}:events`, '>');
  const once = { group: 'g', backoff: fixed(10) } as const;

  test('what a dead consumer had taken is claimed by another, and counts as an attempt', async () => {
    const first = open();
    await (
      await first.subscribe(userUpdated, () => undefined, once)
    )();
    await first.publish(userUpdated({ userId: 'a' }));
    await takeAndDie('dead-1');
    const seen: string[] = [];
    await open({ claimAfterMs: 150 }).subscribe(
      userUpdated,
      ({ payload }, { attempt }) => void seen.push(`${payload.userId} ${attempt}`),
      once,
    );
    // The first delivery alone: a starved consumer may claim from itself what it has not yet acknowledged.
    expect(await waitFor('the claim', () => seen[0])).toBe('a 2');
    const names = async (): Promise<string> =>
      JSON.stringify(await redis.xinfo('CONSUMERS', `${space}:events`, 'g user.updated'));
    await waitFor('the name of the dead to go', async () => !(await names()).includes('dead-1'));
  });

  test('a host whose clock is a year ahead takes no dead letter away', async () => {
    const bus = open();
    for (let index = 0; index < 250; index += 1) {
      await redis.xadd(`${space}:events:dead`, '*', 'group', 'g', 'type', 'user.updated', 'event', `${index}`);
    }
    await bus.subscribe(userUpdated, () => dead('for good'), { group: 'g' });
    const now = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => now() + 366 * 86_400_000);
    try {
      const died = facts.next('event.dead');
      await bus.publish(userUpdated({ userId: 'u' }, { id: 'e-1' }));
      await died;
      await waitFor('its letter', async () => (await bus.deadLetters(1_000)).some(({ eventId }) => eventId === 'e-1'));
      expect(await bus.countDeadLetters()).toBe(251);
    } finally {
      vi.restoreAllMocks();
    }
  });

  test('an event that ends its process again and again is a dead letter, and no handler sees it any more', async () => {
    const first = open();
    await (
      await first.subscribe(userUpdated, () => undefined, once)
    )();
    await first.publish(userUpdated({ userId: 'killer' }));
    await takeAndDie('dead-1');
    for (const name of ['dead-2', 'dead-3']) {
      await redis.xautoclaim(`${space}:events`, 'g user.updated', name, 0, '0-0');
    }
    const dead = facts.next('event.dead');
    const seen: string[] = [];
    const bus = open({ claimAfterMs: 1_000 });
    await bus.subscribe(userUpdated, ({ payload }) => void seen.push(payload.userId), { ...once, attempts: 3 });
    await expect(dead).resolves.toMatchObject({ reason: 'poison', attempt: 4 });
    await waitFor('the letter', async () => (await bus.deadLetters()).length === 1);
    await bus.publish(userUpdated({ userId: 'sound' }));
    await waitFor('the next', () => seen.length === 1);
    expect(seen).toEqual(['sound']);
  });

  test('a handler that takes longer than the claim time is left alone', async () => {
    const gate = Promise.withResolvers<void>();
    const seen: number[] = [];
    const handler = async (_event: unknown, { attempt }: { attempt: number }): Promise<void> => {
      seen.push(attempt);
      await gate.promise;
    };
    const claimAfterMs = 2_500;
    await open({ claimAfterMs }).subscribe(userUpdated, handler, once);
    await open({ claimAfterMs }).subscribe(userUpdated, handler, once);
    await buses[0]?.publish(userUpdated({ userId: 'slow' }));
    await waitFor('the handler', () => seen.length > 0);
    // Both look for the dead twice in a claim time; here they have done so several times.
    const since = Date.now();
    await waitFor('several claim times', () => Date.now() - since > 2 * claimAfterMs);
    await facts.next('subscription.lag', ({ pending }) => pending === 1);
    gate.resolve();
    await facts.next('subscription.lag', ({ pending }) => pending === 0);
    expect(seen).toEqual([1]);
  });

  test('a process that stood still for longer than the claim time does not claim what it has handled itself', async () => {
    const seen: string[] = [];
    const bus = open({ claimAfterMs: 100 });
    const stands = (ms: number): void => {
      const until = Date.now() + ms;
      while (Date.now() < until);
    };
    await bus.subscribe(
      userUpdated,
      ({ payload }, { attempt }) => {
        seen.push(`${payload.userId} ${attempt}`);
        stands(150);
      },
      { ...once, concurrency: 4 },
    );
    const users = Array.from({ length: 12 }, (_, index) => `user-${index}`);
    for (const userId of users) await bus.publish(userUpdated({ userId }));
    await waitFor('all of them', () => users.every(user => seen.some(each => each.startsWith(`${user} `))));
    await facts.next('subscription.lag', ({ pending }) => pending === 0);
    expect(seen).toHaveLength(users.length);
  });

  test('stopping hands over what has not ended: at once, with its attempts untouched', async () => {
    const first = open();
    const seen: string[] = [];
    const stop = await first.subscribe(
      userUpdated,
      () => {
        throw new Error('not here');
      },
      { ...once, backoff: fixed(60_000) },
    );
    const retried = facts.next('event.retried');
    await first.publish(userUpdated({ userId: 'a' }));
    await retried;
    await stop();
    await open({ claimAfterMs: 2_000 }).subscribe(
      userUpdated,
      (_event, { attempt }) => void seen.push(`${attempt}`),
      once,
    );
    await waitFor('the other', () => seen.length === 1);
    expect(seen).toEqual(['2']);
    await stop();
    const consumers = await redis.xinfo('CONSUMERS', `${space}:events`, 'g user.updated');
    expect(consumers).toHaveLength(2);
  });

  test('a trim past a group is an alarm that says how many, once; a trim of what was read is none', async () => {
    const bus = open();
    const trimmed: number[] = [];
    facts.on('event.trimmed', ({ fields }) => trimmed.push(fields.lost));
    const handled: string[] = [];
    const stop = await bus.subscribe(userUpdated, ({ payload }) => void handled.push(payload.userId), once);
    for (let index = 0; index < 5; index += 1) await bus.publish(userUpdated({ userId: `read ${index}` }));
    await waitFor('five', () => handled.length === 5);
    await redis.xtrim(`${space}:events`, 'MAXLEN', 0);
    await facts.next('subscription.lag');
    await facts.next('subscription.lag');
    expect(trimmed).toEqual([]);
    await stop();
    for (let index = 0; index < 7; index += 1) await bus.publish(userUpdated({ userId: `missed ${index}` }));
    await redis.xtrim(`${space}:events`, 'MAXLEN', 2);
    const alarm = facts.next('event.trimmed');
    await bus.subscribe(userUpdated, ({ payload }) => void handled.push(payload.userId), once);
    await expect(alarm).resolves.toMatchObject({ subscription: 'g', lost: 5, transport: 'redis-streams' });
    await waitFor('the two that were left', () => handled.length === 7);
    await facts.next('subscription.lag');
    await facts.next('subscription.lag');
    expect(trimmed).toEqual([5]);
  });

  test('an event that is trimmed while it waits for its retry keeps its attempts, up to its dead letter', async () => {
    const trimmed: number[] = [];
    facts.on('event.trimmed', ({ fields }) => trimmed.push(fields.lost));
    const seen: number[] = [];
    // Kept and claimed several times within each wait.
    const bus = open({ claimAfterMs: 150 });
    await bus.subscribe(
      userUpdated,
      (_event, { attempt }) => {
        seen.push(attempt);
        throw new Error('not yet');
      },
      { ...once, attempts: 3, backoff: fixed(800) },
    );
    const retried = facts.next('event.retried');
    await bus.publish(userUpdated({ userId: 'u' }, { id: 'e-1' }));
    await retried;
    await redis.xtrim(`${space}:events`, 'MAXLEN', 0);
    const [letter] = await waitFor('the letter', async () => {
      const letters = await bus.deadLetters();
      return letters.length > 0 && letters;
    });
    expect(letter).toMatchObject({ eventId: 'e-1', attempts: 3, reason: 'attempts-exhausted' });
    expect(seen).toEqual([1, 2, 3]);
    expect(trimmed).toEqual([]);
  });

  test('stopping hands over also what was trimmed while it waited for its retry, to its group alone and with its attempts', async () => {
    const first = open();
    const others: string[] = [];
    await open().subscribe(userUpdated, ({ id }) => void others.push(id), { group: 'other' });
    const stop = await first.subscribe(userUpdated, () => Promise.reject(new Error('not here')), {
      ...once,
      backoff: fixed(60_000),
    });
    const retried = facts.next('event.retried');
    await first.publish(userUpdated({ userId: 'a' }, { id: 'e-1' }));
    await retried;
    await waitFor('the other group', () => others.length === 1);
    await redis.xtrim(`${space}:events`, 'MAXLEN', 0);
    await stop();
    const seen: string[] = [];
    await open().subscribe(userUpdated, ({ id }, { attempt }) => void seen.push(`${id} ${attempt}`), once);
    await waitFor('the event', () => seen.length === 1);
    expect(seen).toEqual(['e-1 2']);
    await facts.next('subscription.lag', ({ subscription, pending }) => subscription === 'other' && pending === 0);
    expect(others).toEqual(['e-1']);
  });

  test('what was trimmed and died with its consumer is told as lost', async () => {
    const first = open();
    await (
      await first.subscribe(userUpdated, () => undefined, once)
    )();
    await first.publish(userUpdated({ userId: 'a' }));
    await takeAndDie('dead-1');
    await redis.xtrim(`${space}:events`, 'MAXLEN', 0);
    const trimmed = facts.next('event.trimmed');
    await open({ claimAfterMs: 150 }).subscribe(userUpdated, () => undefined, once);
    await expect(trimmed).resolves.toMatchObject({ subscription: 'g', lost: 1 });
  });

  test('a snooze that is longer than a timer can be is kept', async () => {
    const seen: string[] = [];
    const bus = open();
    await bus.subscribe(
      userUpdated,
      ({ payload }) => {
        seen.push(payload.userId);
        return payload.userId === 'later' ? snooze('30d', 'not now') : undefined;
      },
      once,
    );
    await bus.publish(userUpdated({ userId: 'later' }));
    await bus.publish(userUpdated({ userId: 'now' }));
    await waitFor('the other', () => seen.includes('now'));
    await facts.next('subscription.lag', ({ pending }) => pending === 1);
    await facts.next('subscription.lag', ({ pending }) => pending === 1);
    expect(seen).toEqual(['later', 'now']);
  });

  test('a letter whose group is gone stays, until there is somebody to have it', async () => {
    const bus = open();
    const stop = await bus.subscribe(userUpdated, () => dead('for good'), once);
    await bus.publish(userUpdated({ userId: 'u' }, { id: 'e-1' }));
    const [letter] = await waitFor('the letter', async () => {
      const letters = await bus.deadLetters();
      return letters.length > 0 && letters;
    });
    await stop();
    await redis.xgroup('DESTROY', `${space}:events`, 'g user.updated');
    await expect(bus.replayDeadLetter(letter?.id ?? '')).resolves.toBe(false);
    await expect(bus.countDeadLetters()).resolves.toBe(1);
    const seen: string[] = [];
    await bus.subscribe(userUpdated, ({ id }) => void seen.push(id), once);
    await expect(bus.replayDeadLetter(letter?.id ?? '')).resolves.toBe(true);
    await waitFor('the replay', () => seen.length === 1);
    expect(seen).toEqual(['e-1']);
  });

  test('options that are out of range are refused by name', async () => {
    const wrong = [
      { maxLength: -1 },
      { maxLength: 0 },
      { maxLength: Number.NaN },
      { claimAfterMs: 0 },
      { inspectEveryMs: 0 },
    ];
    for (const options of wrong) {
      expect(() => open(options)).toThrow(`Expected ${Object.keys(options)[0]} of redis-streams to be an integer`);
    }
    const replay = open().replay('#', () => undefined, { from: new Date(Number.NaN) });
    await expect(replay).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('a valid Date'),
    });
  });

  test('the stream keeps about what it is told to', async () => {
    const bus = open({ maxLength: 100 });
    for (let index = 0; index < 400; index += 1) void bus.publish(userUpdated({ userId: 'u' }));
    await bus.publish(userUpdated({ userId: 'u' }));
    const length = await redis.xlen(`${space}:events`);
    expect(length).toBeGreaterThanOrEqual(100);
    expect(length).toBeLessThan(250);
  });

  test('a subscription that cannot begin is refused within two seconds, and leaves nothing', async () => {
    const bus = open({ url: 'redis://127.0.0.1:1' });
    await expect(bus.subscribe(userUpdated, () => undefined, once)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await expect(bus.publish(userUpdated({ userId: 'u' }))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect(() => open({ url: 'http://127.0.0.1' })).toThrow('redis://');
  });

  describe('with a Redis of its own', () => {
    let server: RedisServer;
    beforeEach(async () => {
      server = await startRedis({ config: { appendfsync: 'always' } });
    });
    afterEach(() => server.stop());

    test.each<['with' | 'without', object]>([
      ['with', { group: 'g' }],
      ['without', {}],
    ])(
      'a subscription %s a group that may not read any more says so, once, and goes on when it may',
      async (_, options) => {
        const admin = new Redis(server.url);
        try {
          await admin.call('ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all');
          const bus = open({ url: server.url.replace('//', '//app:pw@') });
          const seen: string[] = [];
          const warnings: string[] = [];
          facts.on('bus.warning', ({ fields: { warning } }) => warnings.push(warning));
          await bus.subscribe(userUpdated, ({ payload }) => void seen.push(payload.userId), {
            name: 'cut',
            ...options,
          });
          await admin.call('ACL', 'SETUSER', 'app', '-xreadgroup', '-xread');
          // What blocks already is let go on.
          await bus.publish(userUpdated({ userId: 'before' }));
          await waitFor('the warning', () => warnings.length > 0);
          await bus.publish(userUpdated({ userId: 'meanwhile' }));
          await admin.call('ACL', 'SETUSER', 'app', '+@all');
          await waitFor('what was published meanwhile', () => seen.length === 2);
          expect(warnings).toEqual([expect.stringMatching(/^Redis refuses what the subscription "cut" needs/)]);
        } finally {
          admin.disconnect();
        }
      },
    );

    test('goes on by itself after an outage and after a loss of all data', async () => {
      const bus = open({ url: server.url });
      const seen: string[] = [];
      await bus.subscribe(userUpdated, ({ payload }) => void seen.push(payload.userId), once);
      await bus.publish(userUpdated({ userId: 'before' }));
      const admin = new Redis(server.url, { lazyConnect: true });
      // Handled is not yet acknowledged, and what is not comes again.
      await waitFor('the first', async () => {
        const pending = await admin.xpending(`${space}:events`, 'g user.updated');
        return seen.length === 1 && pending[0] === 0;
      });
      admin.disconnect();
      const [lost, back] = [facts.next('bus.lost'), facts.next('bus.back')];
      await server.kill();
      await lost;
      await expect(bus.publish(userUpdated({ userId: 'nobody' }))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
      await server.restart();
      await back;
      await bus.publish(userUpdated({ userId: 'after' }));
      await waitFor('the second', () => seen.length === 2);
      await admin.connect();
      await admin.flushall();
      admin.disconnect();
      await bus.publish(userUpdated({ userId: 'after the loss' }));
      await waitFor('the third', () => seen.length === 3);
      expect(seen).toEqual(['before', 'after', 'after the loss']);
    });
  });
});
