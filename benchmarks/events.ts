import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { defineEvent, defineJob } from '../src/contracts/index.ts';
import { openEngine } from '../src/engine/index.ts';
import { Bus, openRabbitMq, RedisPubSubTransport, RedisStreamsTransport, type Transport } from '../src/events/index.ts';
import { migrateOutbox, Outbox, readOutboxStatus, Relay } from '../src/outbox/index.ts';
import { countTo, IN_FLIGHT, inFlight, timed } from './in-flight.ts';
import { median } from './measure.ts';
import { startPostgres } from '../tests/support/postgres-server.ts';
import { startRabbit } from '../tests/support/rabbitmq-server.ts';
import { startRedis } from '../tests/support/redis-server.ts';

/**
 * What does the bus cost on top of the plain clients, with the same guarantees, and how fast is the relay as its table grows?
 *
 * The plain side is what a careful user of ioredis or amqplib writes: events are validated on both ends, travel as CloudEvents with id,
 * time, correlation and trace context, publications answer within two seconds or fail, brokers confirm, queues and exchanges are
 * declared alike, each handler runs as a child of the event's trace with its correlation at hand (AsyncLocalStorage) and is awaited, and
 * what was handled is acknowledged afterwards, without waiting for that. Bounds on what runs at once, retries, dead letters, counting
 * of deliveries, claims, facts and a stop that finishes what runs are on our side alone.
 *
 * Use: `npm run bench:events`; with a name (`-- redis-streams`) that transport alone, and nothing is written.
 */
const ROUNDS = 7;
const EVENTS = 10_000;
const ONE_BY_ONE = 500;
const BLOCKS = 10;

const schema = z.object({ key: z.string() });
const thingHappened = defineEvent('thing.happened', { schema });
const work = defineJob({ queue: 'bench', name: 'work', schema: z.object({ key: z.number() }) });

const contexts = new AsyncLocalStorage<Context>();

interface Subject {
  publish(index: number): Promise<unknown>;
  /** Resolves when so many were handled. */
  handle(count: number): Promise<void>;
  close(): Promise<unknown>;
}

/** Answers within two seconds or fails, as the bus does. */
const FAIL_FAST = { protocol: 2, enableOfflineQueue: true, maxRetriesPerRequest: 0, commandTimeout: 1_750 } as const;

const only = process.argv[2];
const lines = ['| what | plain client, us | bus, us | ratio |', '|---|---|---|---|'];
const [redis, rabbit, postgres] = await Promise.all([startRedis(), startRabbit(), startPostgres()]);
try {
  await compare(
    'redis-pubsub',
    round => plainPubSub(`plain${round}`),
    round => pubSubBus(new RedisPubSubTransport({ url: redis.url, namespace: `pubsub${round}` })),
  );
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
  if (only === undefined || only === 'relay') await relay();
} finally {
  await Promise.all([redis.stop(), rabbit.stop(), postgres.stop()]);
}
const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
const page =
  `# What the bus costs, and how fast the relay is\n\nWritten by \`npm run bench:events\` (${machine}); medians of ${ROUNDS} rounds of ${EVENTS} events, ${IN_FLIGHT} publications in flight. ` +
  `The servers share the machine. The plain side validates, writes CloudEvents, is confirmed and acknowledges as the bus does; benchmarks/events.ts says what it leaves out.\n\n${lines.join('\n')}\n`;
if (only === undefined) {
  const file = fileURLToPath(new URL('events.md', import.meta.url));
  writeFileSync(file, await format(page, { ...(await resolveConfig(file)), parser: 'markdown' }));
}
console.log(lines.join('\n'));

async function compare(
  name: string,
  plain: (round: number) => Promise<Subject>,
  ours: (round: number) => Promise<Subject>,
): Promise<void> {
  if (only !== undefined && only !== name) return;
  const taken = { publish: [[], []] as number[][], one: [[], []] as number[][], handle: [[], []] as number[][] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const subjects = [await plain(round), await ours(round)];
    // In blocks that take turns: what the server or the machine does beside hits both.
    const inTurns = async (blocks: number, act: (subject: Subject) => Promise<number>): Promise<readonly number[]> => {
      const times: number[][] = [[], []];
      for (let block = 0; block < blocks; block += 1) {
        const sides = [...subjects.entries()];
        for (const [side, subject] of block % 2 === round % 2 ? sides : sides.toReversed()) {
          times[side]?.push(await act(subject));
        }
      }
      return times.map(median);
    };
    const one = await inTurns(BLOCKS, subject =>
      timed(ONE_BY_ONE / BLOCKS, async () => {
        for (let index = 0; index < ONE_BY_ONE / BLOCKS; index += 1) await subject.publish(index);
      }),
    );
    const publish = await inTurns(BLOCKS, subject =>
      timed(EVENTS / BLOCKS, () => inFlight(EVENTS / BLOCKS, index => subject.publish(index))),
    );
    const count = EVENTS + ONE_BY_ONE;
    const handle = await inTurns(1, subject => timed(count, () => subject.handle(count)));
    for (const subject of subjects) await subject.close();
    // The first round warms up and is not counted.
    if (round === 0) continue;
    for (const side of [0, 1]) {
      taken.one[side]?.push(one[side] ?? Number.NaN);
      taken.publish[side]?.push(publish[side] ?? Number.NaN);
      taken.handle[side]?.push(handle[side] ?? Number.NaN);
    }
  }
  const row = (what: string, [left = [], right = []]: number[][]): void => {
    const [a, b] = [median(left), median(right)];
    lines.push(`| ${name}: ${what} | ${a.toFixed(1)} | ${b.toFixed(1)} | ${(b / a).toFixed(2)} |`);
  };
  row('publish, one at a time', taken.one);
  row(`publish, ${IN_FLIGHT} in flight`, taken.publish);
  row(name === 'redis-pubsub' ? 'publish and handle' : 'handle and acknowledge', taken.handle);
}

async function bus(transport: Transport): Promise<Subject> {
  const opened = new Bus({ events: [thingHappened], transport });
  const begin = (handler: () => Promise<void>) =>
    opened.subscribe(thingHappened, handler, { group: 'bench', concurrency: 100 });
  await (
    await begin(async () => undefined)
  )();
  return {
    publish: index => opened.publish(thingHappened({ key: String(index) })),
    async handle(count) {
      const all = countTo(count);
      await begin(async () => all.one());
      await all.done;
    },
    close: () => opened.close(),
  };
}

async function pubSubBus(transport: Transport): Promise<Subject> {
  const opened = new Bus({ events: [thingHappened], transport });
  const publish = (index: number) => opened.publish(thingHappened({ key: String(index) }));
  return {
    publish,
    async handle(count) {
      const all = countTo(count);
      await opened.subscribe(thingHappened, async () => all.one(), { concurrency: 100 });
      await inFlight(count, publish);
      await all.done;
    },
    close: () => opened.close(),
  };
}

async function plainPubSub(channel: string): Promise<Subject> {
  const [client, subscriber] = [new Redis(redis.url, FAIL_FAST), new Redis(redis.url, { protocol: 2 })];
  const publish = (index: number) => client.publish(channel, written({ key: String(index) }).text);
  return {
    publish,
    async handle(count) {
      const all = countTo(count);
      const handler = async (_event: Opened): Promise<void> => all.one();
      subscriber.on('message', (_channel, text) => void opening(text, handler));
      await subscriber.subscribe(channel);
      await inFlight(count, publish);
      await all.done;
    },
    async close() {
      client.disconnect();
      subscriber.disconnect();
    },
  };
}

async function plainStreams(key: string): Promise<Subject> {
  const [client, reader] = [new Redis(redis.url, FAIL_FAST), new Redis(redis.url, { protocol: 2 })];
  await client.xgroup('CREATE', key, 'g', '$', 'MKSTREAM');
  return {
    publish(index) {
      const { text } = written({ key: String(index) });
      return client.xadd(key, 'MAXLEN', '~', 100_000, '*', 'type', 'thing.happened', 'event', text);
    },
    async handle(count) {
      const all = countTo(count);
      const handler = async (_event: Opened): Promise<void> => all.one();
      const acks: Promise<unknown>[] = [];
      for (let handled = 0; handled < count;) {
        const read = ['GROUP', 'g', 'c', 'COUNT', '100', 'BLOCK', '5000', 'STREAMS', key, '>'];
        const reply = await reader.call('XREADGROUP', ...read);
        const entries = (reply as [string, [string, string[]][]][] | null)?.[0]?.[1] ?? [];
        await Promise.all(entries.map(([, fields]) => opening(fields[3] ?? '', handler)));
        acks.push(client.xack(key, 'g', ...entries.map(([id]) => id)));
        handled += entries.length;
      }
      await Promise.all([all.done, ...acks]);
    },
    async close() {
      client.disconnect();
      reader.disconnect();
    },
  };
}

async function plainRabbit(name: string): Promise<Subject> {
  const [publishing, consuming] = await Promise.all([connect(rabbit.url), connect(rabbit.url)]);
  const publisher = await publishing.createConfirmChannel();
  await publisher.assertExchange(name, 'topic', { durable: true });
  await publisher.assertExchange(`${name}.dead`, 'fanout', { durable: true });
  await publisher.assertQueue(name, {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
      'x-dead-letter-exchange': `${name}.dead`,
      'x-delivery-limit': 20,
    },
  });
  await publisher.bindQueue(name, name, 'thing.happened');
  return {
    publish: index =>
      new Promise<void>((resolve, reject) => {
        const { id, time, text } = written({ key: String(index) });
        const options = {
          persistent: true,
          mandatory: true,
          messageId: id,
          type: 'thing.happened',
          contentType: 'application/cloudevents+json',
          correlationId: id,
          timestamp: Math.floor(time.getTime() / 1_000),
        };
        publisher.publish(name, 'thing.happened', Buffer.from(text), options, error =>
          error ? reject(error) : resolve(),
        );
      }),
    async handle(count) {
      const channel = await consuming.createChannel();
      await channel.prefetch(100);
      const all = countTo(count);
      const handler = async (_event: Opened): Promise<void> => all.one();
      await channel.consume(name, message => {
        if (message === null) return;
        void opening(message.content.toString('utf8'), handler).then(() => channel.ack(message));
      });
      await all.done;
    },
    close: () => Promise.all([publishing.close(), consuming.close()]),
  };
}

interface Opened {
  readonly id: string;
  readonly timestamp: Date;
  readonly payload: z.output<typeof schema>;
}

interface Context {
  readonly correlationId: string;
  readonly traceparent: string;
}

/** As one writes it by hand: checked, with everything that the other end wants to know. */
function written(payload: z.input<typeof schema>): { readonly id: string; readonly time: Date; readonly text: string } {
  const [id, time] = [randomUUID(), new Date()];
  const text = JSON.stringify({
    specversion: '1.0',
    id,
    source: 'urn:shiftwork',
    type: 'thing.happened',
    time,
    datacontenttype: 'application/json',
    schemaversion: 1,
    correlationid: id,
    traceparent: `00-${randomUUID().replaceAll('-', '')}-${randomUUID().slice(24)}0000-00`,
    data: schema.parse(payload),
  });
  return { id, time, text };
}

/** Calls the handler as a child of the event's trace, with what it may pass on. */
function opening(text: string, handler: (event: Opened) => Promise<void>): Promise<void> {
  const { id, time, correlationid, traceparent, data } = JSON.parse(text) as Readonly<Record<string, string>>;
  const span = randomUUID();
  const context: Context = {
    correlationId: correlationid ?? '',
    traceparent: `${traceparent?.slice(0, 36)}${span.slice(0, 8)}${span.slice(28)}-00`,
  };
  return contexts.run(context, () =>
    handler({ id: id ?? '', timestamp: new Date(time ?? ''), payload: schema.parse(data) }),
  );
}

async function relay(): Promise<void> {
  const pool = new Pool({ connectionString: postgres.url });
  // Without a listener a server that shuts down under an idle connection ends the process.
  pool.on('error', () => undefined);
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
