import { afterEach, beforeAll, afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, defineJob } from '../../src/contracts/index.ts';
import {
  Bus,
  openRabbitMq,
  RedisPubSubTransport,
  RedisStreamsTransport,
  type Transport,
} from '../../src/events/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { connect } from '../../src/queue/index.ts';
import { startProcess } from '../support/child-process.ts';
import { namespace, redisUrl } from '../support/engines.ts';
import { freePort } from '../support/free-port.ts';
import { program } from '../support/programs.ts';
import { startRabbit, type RabbitServer } from '../support/rabbitmq-server.ts';
import { waitFor } from '../support/wait-for.ts';

const FORGETFUL = program('tests/support/apps/forgetful-bus.ts');
const thingHappened = defineEvent('thing.happened', { schema: z.object({ key: z.string() }) });
const note = defineJob({ queue: 'losses', name: 'note', schema: z.object({}) });

/** What the table of losses in docs/guides/choosing.md says is lost. What it says survives is held by the tests of each way. */
describe('the guide says what is lost', () => {
  let rabbit: RabbitServer;
  let buses: Bus[] = [];
  beforeAll(async () => {
    rabbit = await startRabbit();
  });
  afterAll(() => rabbit.stop());
  afterEach(async () => {
    await Promise.all(buses.map(bus => bus.close(1_000)));
    buses = [];
  });
  const open = (transport: Transport, facts = new Facts()): Bus => {
    const bus = new Bus({ events: [thingHappened], transport, facts });
    buses.push(bus);
    return bus;
  };

  test('a plain job whose enqueue fails behind a commit is lost unless the caller acts on the error', async () => {
    const committed: string[] = [];
    const client = connect({ redis: `redis://127.0.0.1:${await freePort()}` });
    const signUp = async (): Promise<void> => {
      committed.push('the row');
      await client.enqueue(note, {});
    };
    await expect(signUp()).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    await client.close();
    expect(committed).toEqual(['the row']);
  });

  test('in-process: what is not handled when the process is killed is gone, also for the next process', async () => {
    const first = startProcess(FORGETFUL, { env: { PUBLISH: 'yes' } });
    await first.line(/^published$/);
    first.kill('SIGKILL');
    await first.ended;
    const second = startProcess(FORGETFUL);
    expect(await second.ended).toBe(0);
    expect([...first.lines, ...second.lines]).toEqual(['published', 'published']);
  });

  test.each([
    ['redis-pubsub', async () => new RedisPubSubTransport({ url: redisUrl(), namespace: namespace() })],
    [
      'redis-streams without a group',
      async () => new RedisStreamsTransport({ url: redisUrl(), namespace: namespace() }),
    ],
    ['rabbitmq without a group', () => openRabbitMq({ url: rabbit.url, namespace: namespace() })],
  ])('%s: what is published while a subscriber does not run is gone for it', async (_, transport) => {
    const bus = open(await transport());
    const seen: string[] = [];
    const take = ({ payload }: { readonly payload: { readonly key: string } }): void => void seen.push(payload.key);
    const stop = await bus.subscribe(thingHappened, take);
    await bus.publish(thingHappened({ key: 'before' }));
    await waitFor('the first', () => seen.length === 1);
    await stop();
    await bus.publish(thingHappened({ key: 'meanwhile' }));
    await bus.subscribe(thingHappened, take);
    await bus.publish(thingHappened({ key: 'after' }));
    await waitFor('the last', () => seen.includes('after'));
    expect(seen).toEqual(['before', 'after']);
  });

  test('rabbitmq: what no queue takes is gone, and stated as unroutable', async () => {
    const facts = new Facts();
    const bus = open(await openRabbitMq({ url: rabbit.url, namespace: namespace() }), facts);
    const unroutable = facts.next('event.unroutable');
    const { id } = await bus.publish(thingHappened({ key: 'nobody' }));
    await expect(unroutable).resolves.toMatchObject({ eventId: id });
    const seen: string[] = [];
    await bus.subscribe(thingHappened, ({ payload }) => void seen.push(payload.key), { group: 'late' });
    await bus.publish(thingHappened({ key: 'somebody' }));
    await waitFor('the next', () => seen.length === 1);
    expect(seen).toEqual(['somebody']);
  });
});
