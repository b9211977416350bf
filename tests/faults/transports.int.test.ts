import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/index.ts';
import { Bus, openRabbitMq, RedisStreamsTransport } from '../../src/events/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { migrateOutbox, Outbox, readOutboxStatus, Relay } from '../../src/outbox/index.ts';
import { fixed } from '../../src/resilience/index.ts';
import { startProcess, type TestProcess } from '../support/child-process.ts';
import { freshDatabase, namespace, redisUrl } from '../support/engines.ts';
import { startRabbit } from '../support/rabbitmq-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { thingHappened } from './app/outbox.config.ts';
import { seededRandom } from './random.ts';

const CONSUMER = fileURLToPath(new URL('app/stream-consumer.ts', import.meta.url));

describe('transport faults', () => {
  let cleanups: (() => Promise<unknown>)[];
  let random: () => number;
  beforeEach(() => {
    cleanups = [];
    random = seededRandom(1);
  });
  afterEach(async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  });

  test('case 24: consumers of a stream are killed with what they had taken: another claims it, nothing is lost', async () => {
    const space = namespace();
    const transport = new RedisStreamsTransport({ url: redisUrl(), namespace: space, claimAfterMs: 500 });
    const bus = new Bus({ events: [thingHappened], transport });
    cleanups.push(() => bus.close(1_000));
    const consumers: TestProcess[] = [];
    for (let index = 0; index < 2; index += 1) {
      const child = startProcess(CONSUMER, { env: { REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: space } });
      consumers.push(child);
      cleanups.push(async () => child.kill('SIGKILL'));
    }
    await Promise.all(consumers.map(child => child.line(/^ready$/)));
    const published = new Set<string>();
    for (let index = 0; index < 30; index += 1) {
      published.add((await bus.publish(thingHappened({ key: String(index) }))).id);
    }
    await Promise.all(consumers.map(child => child.line(/^took /)));
    for (const child of consumers) child.kill('SIGKILL');
    const seen = new Map<string, number>();
    await bus.subscribe(thingHappened, ({ id }) => void seen.set(id, (seen.get(id) ?? 0) + 1), {
      group: 'takers',
      backoff: fixed(20),
    });
    await waitFor('all of them', () => seen.size === published.size, 20_000);
    expect([...seen.keys()].toSorted()).toEqual([...published].toSorted());
    expect([...seen.values()].every(times => times === 1)).toBe(true);
    await expect(bus.deadLetters()).resolves.toEqual([]);
  });

  test('case 25: RabbitMQ is killed before it confirms: the relay publishes again, and every event arrives', async () => {
    const [server, database] = await Promise.all([startRabbit(), freshDatabase()]);
    cleanups.push(() => server.stop());
    cleanups.push(() => database.drop());
    const pool = new Pool({ connectionString: database.url });
    cleanups.push(() => pool.end());
    await migrateOutbox(pool);
    const outbox = new Outbox();
    const facts = new Facts();
    const bus = new Bus({ events: [thingHappened], transport: await openRabbitMq({ url: server.url }), facts });
    cleanups.push(() => bus.close(1_000));
    const engine = openEngine({ url: redisUrl(), namespace: namespace(), role: 'producer' });
    cleanups.push(() => engine.close());
    const seen = new Set<string>();
    await bus.subscribe(thingHappened, ({ payload }) => void seen.add(payload.key), { group: 'all' });
    // RabbitMQ 3.10 forgets a quorum queue that is younger than half a second when it is killed.
    await pause(1_000);
    const relay = new Relay({ pool, engine, bus, facts, pollEveryMs: 200 });
    cleanups.push(() => relay.stop());
    const write = async (from: number, to: number): Promise<void> => {
      for (let index = from; index < to; index += 1) {
        await outbox.publish(pool, thingHappened({ key: String(index) }), { order: String(index % 7) });
      }
    };
    await write(0, 150);
    relay.start();
    await waitFor('the first events', () => seen.size > 0);
    await pause(random() * 20);
    const held = facts.next('outbox.held');
    await server.kill();
    await write(150, 200);
    await held;
    await server.start();
    await waitFor('every event', () => seen.size === 200, 30_000);
    await waitFor('the record', async () => (await readOutboxStatus(pool)).pending === 0);
    await expect(bus.deadLetters()).resolves.toEqual([]);
  }, 90_000);
});
