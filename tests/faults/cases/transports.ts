import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { openEngine } from '../../../src/engine/index.ts';
import { Bus, openRabbitMq, RedisStreamsTransport } from '../../../src/events/index.ts';
import { Facts } from '../../../src/facts/index.ts';
import { migrateOutbox, Outbox, readOutboxStatus, Relay } from '../../../src/outbox/index.ts';
import { fixed } from '../../../src/resilience/index.ts';
import { startProcess, type TestProcess } from '../../support/child-process.ts';
import { program } from '../../support/programs.ts';
import { startPostgres } from '../../support/postgres-server.ts';
import { startRabbit } from '../../support/rabbitmq-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { thingHappened } from '../app/outbox.config.ts';
import type { FaultCase } from '../case.ts';
import type { Trial } from '../trial.ts';
import { inTransaction } from '../../support/in-transaction.ts';

const CONSUMER = program('tests/faults/app/event-consumer.ts');
const SPACE = 'transports';

/** Ends what a case has opened, the last first. */
async function cleaningUp(act: (later: (cleanup: () => unknown) => void) => Promise<string[]>): Promise<string[]> {
  const cleanups: (() => unknown)[] = [];
  try {
    return await act(cleanup => void cleanups.push(cleanup));
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  }
}

const streamConsumersKilled: FaultCase = {
  number: 24,
  title: 'consumers of a stream are killed with what they had taken; the stream is trimmed past a group',
  engines: ['redis'],
  run: trial =>
    cleaningUp(async later => {
      const facts = new Facts();
      const transport = new RedisStreamsTransport({
        url: trial.engine.url,
        namespace: SPACE,
        // A process that stands still for longer claims from itself what it has just acknowledged.
        claimAfterMs: 2_000,
        inspectEveryMs: 100,
      });
      const bus = new Bus({ events: [thingHappened], transport, facts });
      later(() => bus.close(1_000));
      const published = new Set<string>();
      const seen = new Map<string, number>();
      let lost = 0;
      facts.on('event.trimmed', ({ fields }) => (lost += fields.lost));
      const publish = async (count: number): Promise<void> => {
        for (let index = 0; index < count; index += 1) {
          published.add((await bus.publish(thingHappened({ key: String(index) }))).id);
        }
      };
      const take = () =>
        bus.subscribe(thingHappened, ({ id }) => void seen.set(id, (seen.get(id) ?? 0) + 1), {
          group: 'takers',
          backoff: fixed(20),
        });
      for (let round = 0; round < trial.scale; round += 1) {
        const consumers = await Promise.all([0, 1].map(() => consumer({ URL: trial.engine.url }, later)));
        await publish(trial.between(20, 40));
        await Promise.all(consumers.map(child => child.line(/^took /)));
        for (const child of consumers) child.kill('SIGKILL');
        const killedAt = Date.now();
        const stop = await take();
        await waitFor('all of them', () => seen.size === published.size);
        trial.measured.recoveries.push(Date.now() - killedAt);
        await stop();
      }
      trial.measured.jobs = published.size;
      const missing = [...published].filter(id => !seen.has(id));
      trial.measured.lost = missing.length;
      const twice = [...seen.values()].filter(times => times > 1).length;
      trial.measured.twice = twice;
      const letters = await bus.deadLetters();
      const falseAlarm = lost;
      // Nobody of the group is there; then all but two are gone.
      await publish(9);
      const redis = new Redis(trial.engine.url);
      later(() => redis.disconnect());
      await redis.xtrim(`${SPACE}:events`, 'MAXLEN', 2);
      await take();
      await waitFor('the alarm', () => lost > 0);
      await waitFor('what is left', () => seen.size === missing.length + published.size - 7);
      return [
        ...missing.map(id => `L: ${id} was never handled`),
        ...(twice === 0 ? [] : [`D: ${twice} events were handled twice`]),
        ...letters.map(({ eventId }) => `A: ${eventId} is a dead letter`),
        ...(falseAlarm === 0 ? [] : [`${falseAlarm} events were said to be trimmed that were not`]),
        ...(lost === 7 ? [] : [`the alarm speaks of ${lost} events, not of 7`]),
      ];
    }),
};

const brokerKilled: FaultCase = {
  number: 25,
  title: 'RabbitMQ is killed before it confirms; a message kills its consumer again and again',
  engines: ['redis'],
  // A broker takes 4 s to start.
  seedsAtMost: 10,
  run: trial =>
    cleaningUp(async later => {
      const [server, postgres] = await Promise.all([startRabbit(), startPostgres()]);
      later(() => server.stop());
      later(() => postgres.stop());
      const pool = new Pool({ connectionString: postgres.url });
      pool.on('error', () => undefined);
      later(() => pool.end());
      await migrateOutbox(pool);
      const outbox = new Outbox();
      const facts = new Facts();
      const bus = new Bus({
        events: [thingHappened],
        transport: await openRabbitMq({ url: server.url, namespace: SPACE }),
        facts,
      });
      later(() => bus.close(1_000));
      const engine = openEngine({ url: trial.engine.url, namespace: SPACE, role: 'producer' });
      later(() => engine.close());
      const seen = new Map<string, number>();
      await bus.subscribe(thingHappened, ({ payload: { key } }) => void seen.set(key, (seen.get(key) ?? 0) + 1), {
        group: 'all',
      });
      // RabbitMQ 3.10 forgets a quorum queue that is younger than half a second when it is killed.
      await pause(1_000);
      const relay = new Relay({ pool, engine, bus, facts, pollEveryMs: 200 });
      later(() => relay.stop());
      let written = 0;
      const write = async (count: number): Promise<void> => {
        for (const end = written + count; written < end; written += 1) {
          const [event, order] = [thingHappened({ key: String(written) }), String(written % 7)];
          await inTransaction(pool, tx => outbox.publish(tx, event, { order }));
        }
      };
      await write(150);
      relay.start();
      await waitFor('the first events', () => seen.size > 0);
      for (let kill = 0; kill < (trial.scale === 1 ? 1 : 3); kill += 1) {
        const before = seen.size;
        if (kill > 0) await write(150);
        await waitFor('events to flow', () => seen.size > before);
        await pause(trial.between(0, 20));
        const stalled = facts.next('outbox.stalled');
        await server.kill();
        await write(50);
        await stalled;
        const backAt = Date.now();
        await server.start();
        await waitFor('every event', () => seen.size === written);
        trial.measured.recoveries.push(Date.now() - backAt);
      }
      await waitFor('the record', async () => (await readOutboxStatus(pool)).pending === 0);
      trial.measured.jobs = written;
      trial.measured.twice = [...seen.values()].filter(times => times > 1).length;
      const letters = await bus.deadLetters();
      return [
        ...letters.map(({ eventId }) => `A: ${eventId} is a dead letter`),
        ...(await killers(trial, server.url, bus, later)),
      ];
    }),
};

/** A message whose handler ends its process, each time. The bus gives it up after the attempts it has; the broker itself after 20. */
async function killers(
  trial: Trial,
  url: string,
  bus: Bus,
  later: (cleanup: () => unknown) => void,
): Promise<readonly string[]> {
  const attempts = trial.scale === 1 ? 3 : 100;
  const env = { TRANSPORT: 'rabbitmq', URL: url, DOES: 'exit', ATTEMPTS: String(attempts) };
  let deaths = 0;
  let id = '';
  for (; deaths <= 25; deaths += 1) {
    // The later ones find the message there, and may be dead before they could say that they are ready.
    const child = deaths === 0 ? await consumer(env, later) : begin(env, later);
    if (deaths === 0) ({ id } = await bus.publish(thingHappened({ key: 'killer' })));
    let ended = false;
    void child.ended.then(() => (ended = true));
    await waitFor('its end or the letter', async () => ended || (await bus.deadLetters()).length > 0);
    const died = ended;
    child.kill('SIGKILL');
    await child.ended;
    if (!died) break;
  }
  const [letter, ...others] = await bus.deadLetters();
  const expected = Math.min(attempts, 21);
  return [
    ...(letter?.eventId === id && letter.reason === 'poison' && others.length === 0
      ? []
      : [`L: after ${deaths} deaths the dead letters are ${JSON.stringify([letter, ...others])}`]),
    ...(deaths === expected ? [] : [`D: it killed ${deaths} processes, not ${expected}`]),
  ];
}

async function consumer(...as: Parameters<typeof begin>): Promise<TestProcess> {
  const child = begin(...as);
  await child.line(/^ready$/);
  return child;
}

function begin(env: Readonly<Record<string, string>>, later: (cleanup: () => unknown) => void): TestProcess {
  const child = startProcess(CONSUMER, { env: { SHIFTWORK_NAMESPACE: SPACE, ...env } });
  later(() => child.kill('SIGKILL'));
  return child;
}

export const transportFaults: readonly FaultCase[] = [streamConsumersKilled, brokerKilled];
