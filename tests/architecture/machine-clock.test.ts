import { expect, test } from 'vitest';
import { readSourceTexts } from './source-texts.ts';

/** Rooms whose times other processes read or compare. They go by the engine's clock, or by the database's, or count in monotonic time. */
const ROOMS = [
  'runtime',
  'engine',
  'state',
  'schedules',
  'queue',
  'outbox',
  'dead-letters',
  'event-store',
  'events',
  'telemetry',
];

/** Where the machine's clock is asked all the same: how often, and why nobody compares the answer with another process's time. */
const ALLOWED: Readonly<Record<string, readonly [times: number, why: string]>> = {
  'src/engine/clock/engine-clock.ts': [
    1,
    'the clock itself: how far the machine is off, and its time until the engine has said one',
  ],
  'src/engine/bullmq/redis/engine-time.ts': [1, "takes the machine's time out of what BullMQ tells its scripts"],
  'src/engine/bullmq/postgres/engine-time.ts': [1, "takes the machine's time out of what BullMQ tells its functions"],
  'src/engine/redis/check.ts': [2, "measures how far this machine's clock is from the engine's"],
  'src/engine/postgres/check.ts': [2, "measures how far this machine's clock is from the engine's"],
  'src/engine/redis/rights.ts': [1, 'a trial of PEXPIREAT on a key that is deleted at once'],
  'src/engine/memory/clock/memory-clock.ts': [2, 'the clock of an engine that lives in this process alone'],
  'src/state/store/memory-store.ts': [1, 'the state of this process alone, where no engine gives it a time'],
  'src/state/ledger/ledger.ts': [
    1,
    'leaseUntil, which only releases before 0.2 read; this one goes by what the engine says is left',
  ],
  'src/queue/prepare/prepare.ts': [
    1,
    'the part of an id that sorts, in an app whose outbox has no engine; nothing is decided by it',
  ],
  'src/schedules/times/slots.ts': [1, 'whether a cron ever fires again, which minutes do not change'],
  'src/events/envelope/stamp-event.ts': [1, 'when it happened, as the app says; no order goes by it'],
  'src/events/bus/subscriber.ts': [1, 'how old an event was when it came: shown, and nothing is decided by it'],
  'src/events/transports/rabbitmq/rabbit-consumer.ts': [
    3,
    'RabbitMQ has no time to ask for; only pauses of more than a broker can hold are told by it',
  ],
  'src/runtime/supervisor/watch/own-watch-thread.ts': [1, 'the time of a line on standard error'],
  'src/telemetry/logs/create-logger.ts': [1, 'the time of a log line'],
  'src/telemetry/logs/repeats.ts': [1, 'which log lines of this process repeat each other'],
  'src/event-store/append/prepare-event.ts': [
    1,
    "when it happened, as the app says; order and lag go by the database's position and time",
  ],
};

const MACHINE_TIME = /\bDate\.now\b|\bnew Date\(\s*\)|\bnew Date\b(?!\()|\bperformance\.timeOrigin\b/g;

const asked = new Map(
  readSourceTexts()
    .filter(({ path, isTest }) => !isTest && ROOMS.some(room => path.startsWith(`src/${room}/`)))
    .map(({ path, text }) => [path, text.match(MACHINE_TIME)?.length ?? 0]),
);

test("what may be compared between processes never goes by a machine's own clock", () => {
  expect(asked.size).toBeGreaterThan(200);
  const wrong = [...asked]
    .filter(([path, times]) => times > (ALLOWED[path]?.[0] ?? 0))
    .map(
      ([path, times]) =>
        `${path} asks it ${times} times, expected ${ALLOWED[path]?.[0] ?? 0}: use engine.clock.now(), clock_timestamp() or performance.now()`,
    );
  expect(wrong).toEqual([]);
});

test('no exception outlives its file', () => {
  expect(Object.entries(ALLOWED).filter(([path, [times]]) => asked.get(path) !== times)).toEqual([]);
});
