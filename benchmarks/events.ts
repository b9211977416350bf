import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { z } from 'zod';
import { defineEvent, defineJob } from '../src/contracts/index.ts';
import { openEngine } from '../src/engine/index.ts';
import { Bus, openRabbitMq, RedisStreamsTransport, type Transport } from '../src/events/index.ts';
import { migrateOutbox, Outbox, readOutboxStatus, Relay } from '../src/outbox/index.ts';
import { startPostgres } from '../tests/support/postgres-server.ts';
import { startRabbit } from '../tests/support/rabbitmq-server.ts';
import { startRedis } from '../tests/support/redis-server.ts';

/**
 * What does the bus cost on top of the plain clients, with the same guarantees (durable, acknowledged, confirmed), and how fast is the
 * relay as its table grows? Validation, envelope, trace context and facts are on our side alone.
 *
 * Use: `npm run bench:events`.
 */
const ROUNDS = 5;
const EVENTS = 10_000;
const IN_FLIGHT = 100;

const thingHappened = defineEvent('thing.happened', { schema: z.object({ key: z.string() }) });
const work = defineJob({ queue: 'bench', name: 'work', schema: z.object({ key: z.number() }) });

interface Subject {
  publish(index: number): Promise<unknown>;
  /** Resolves when so many were handled and acknowledged. */
  handle(count: number): Promise<void>;
  close(): Promise<void>;
}

const lines = ['| what | plain client, us | bus, us | ratio |', '|---|---|---|---|'];
const [redis, rabbit, postgres] = await Promise.all([startRedis(), startRabbit(), startPostgres()]);
try {
  await compare(
    'redis-streams',
    round => plainStreams(`plain${round}`),
    round => bus(new RedisStreamsTransport({ url: redis.url, namespace: `bus${round}` })),
  );
  await compare(
    'rabbitmq',
    round => plainRabbit(`plain${round}`),
    async round => bus(await openRabbitMq({ url: rabbit.url, namespace: `bus${round}` })),
  );
  lines.push('', '| relay, entries in the table before | jobs/s from table to queue |', '|---|---|');
  await relay();
} finally {
  await Promise.all([redis.stop(), rabbit.stop(), postgres.stop()]);
}
const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
writeFileSync(
  new URL('events.md', import.meta.url),
  `# What the bus costs, and how fast the relay is\n\nWritten by \`npm run bench:events\` (${machine}); medians of ${ROUNDS} rounds of ${EVENTS} events, ${IN_FLIGHT} publications in flight. ` +
    `The servers share the machine.\n\n${lines.join('\n')}\n`,
);
console.log(lines.join('\n'));

async function compare(
  name: string,
  plain: (round: number) => Promise<Subject>,
  ours: (round: number) => Promise<Subject>,
): Promise<void> {
  const taken = { publish: [[], []] as number[][], one: [[], []] as number[][], handle: [[], []] as number[][] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [side, open] of [plain, ours].entries()) {
      const subject = await open(round);
      const one = await timed(200, async () => {
        for (let index = 0; index < 200; index += 1) await subject.publish(index);
      });
      const publish = await timed(EVENTS, () => inFlight(EVENTS, index => subject.publish(index)));
      const handle = await timed(EVENTS + 200, () => subject.handle(EVENTS + 200));
      await subject.close();
      // The first round warms up and is not counted.
      if (round === 0) continue;
      taken.one[side]?.push(one);
      taken.publish[side]?.push(publish);
      taken.handle[side]?.push(handle);
    }
  }
  const row = (what: string, [left = [], right = []]: number[][]): void => {
    const [a, b] = [median(left), median(right)];
    lines.push(`| ${name}: ${what} | ${a.toFixed(1)} | ${b.toFixed(1)} | ${(b / a).toFixed(2)} |`);
  };
  row('publish, one at a time', taken.one);
  row(`publish, ${IN_FLIGHT} in flight`, taken.publish);
  row('handle and acknowledge', taken.handle);
}

async function bus(transport: Transport): Promise<Subject> {
  const opened = new Bus({ events: [thingHappened], transport });
  const begin = (handler: () => void) => opened.subscribe(thingHappened, handler, { group: 'bench', concurrency: 100 });
  await (
    await begin(() => undefined)
  )();
  return {
    publish: index => opened.publish(thingHappened({ key: String(index) })),
    async handle(count) {
      const all = Promise.withResolvers<void>();
      let handled = 0;
      await begin(() => {
        if (++handled === count) all.resolve();
      });
      await all.promise;
    },
    close: () => opened.close(),
  };
}

async function plainStreams(key: string): Promise<Subject> {
  const client = new Redis(redis.url, { protocol: 2 });
  await client.xgroup('CREATE', key, 'g', '$', 'MKSTREAM');
  return {
    publish: index => client.xadd(key, 'MAXLEN', '~', 100_000, '*', 'type', 'thing.happened', 'event', textOf(index)),
    async handle(count) {
      for (let handled = 0; handled < count;) {
        const reply = await client.call('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '100', 'STREAMS', key, '>');
        const entries = (reply as [string, [string, string[]][]][] | null)?.[0]?.[1] ?? [];
        for (const [, fields] of entries) JSON.parse(fields[3] ?? '');
        await client.xack(key, 'g', ...entries.map(([id]) => id));
        handled += entries.length;
      }
    },
    close: async () => client.disconnect(),
  };
}

async function plainRabbit(queue: string): Promise<Subject> {
  const connection = await connect(rabbit.url);
  const publisher = await connection.createConfirmChannel();
  await publisher.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  return {
    publish: index =>
      new Promise<void>((resolve, reject) => {
        const options = { persistent: true, mandatory: true, messageId: String(index) };
        publisher.publish('', queue, Buffer.from(textOf(index)), options, error => (error ? reject(error) : resolve()));
      }),
    async handle(count) {
      const channel = await connection.createChannel();
      await channel.prefetch(100);
      const all = Promise.withResolvers<void>();
      let handled = 0;
      await channel.consume(queue, message => {
        if (message === null) return;
        JSON.parse(message.content.toString());
        channel.ack(message);
        if (++handled === count) all.resolve();
      });
      await all.promise;
    },
    close: () => connection.close(),
  };
}

async function relay(): Promise<void> {
  const pool = new Pool({ connectionString: postgres.url });
  const engine = openEngine({ url: redis.url, role: 'producer' });
  await migrateOutbox(pool);
  const outbox = new Outbox();
  for (const before of [0, 30_000, 60_000]) {
    for (let from = 0; from < 30_000; from += 500) {
      const tx = await pool.connect();
      await tx.query('begin');
      for (let index = 0; index < 500; index += 1) await outbox.enqueue(tx, work, { key: from + index });
      await tx.query('commit');
      tx.release();
    }
    const running = new Relay({ pool, engine });
    const us = await timed(30_000, async () => {
      running.start();
      while ((await readOutboxStatus(pool)).pending > 0) await new Promise(resolve => setTimeout(resolve, 20));
    });
    await running.stop();
    lines.push(`| ${before} | ${Math.round(1_000_000 / us)} |`);
  }
  await engine.close();
  await pool.end();
}

function textOf(index: number): string {
  const metadata = { correlationId: String(index), causationId: null, userId: null };
  return JSON.stringify({
    id: String(index),
    type: 'thing.happened',
    timestamp: new Date(),
    payload: { key: String(index) },
    metadata,
  });
}

async function inFlight(count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const runner = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, runner));
}

/** Microseconds of wall time for each of `count`. */
async function timed(count: number, act: () => Promise<void>): Promise<number> {
  const beganAt = performance.now();
  await act();
  return ((performance.now() - beganAt) * 1_000) / count;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
