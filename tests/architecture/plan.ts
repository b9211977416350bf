/** Who may import whom, and why. docs/architecture.md says it in words. */

/** Importable by all: the ground, what words mean, and how a schema grows. Each may import those before it. */
export const GROUND = [
  'src/errors',
  'src/time',
  'src/config',
  'src/secrets',
  'src/facts',
  'src/resilience',
  'src/privacy',
  'src/tracing',
  'src/contracts',
  'src/migrations',
] as const;

export interface RoomRule {
  /** Rooms beside the ground. */
  readonly may: readonly string[];
  readonly why: string;
}

export const ROOMS: Readonly<Record<string, RoomRule>> = {
  src: {
    may: ['src/engine', 'src/state', 'src/queue'],
    why: 'the root door is what a web app loads: contracts, producers, the errors that it can meet',
  },
  'src/codecs': { may: [], why: 'schemas of one library, for who uses it: nothing else of the platform knows it' },
  'src/redis': {
    may: [],
    why: 'which server an address stands for, and how keys are named there, is decided below all who connect',
  },
  'src/engine': { may: ['src/redis', 'src/sessions'], why: 'it owns the connections; everybody above stands on it' },
  'src/state': {
    may: ['src/engine', 'src/redis'],
    why: 'small shared values live beside the queues, on the same connection',
  },
  'src/journal': {
    may: ['src/engine', 'src/redis', 'src/state'],
    why: 'it listens to facts and knows nothing of those who state them; producers look into it, so it stands below them',
  },
  'src/schedules': {
    may: ['src/engine', 'src/redis', 'src/state'],
    why: 'producers make schedules at run time, workers turn slots into jobs: when work is due is known below both',
  },
  'src/queue': {
    may: ['src/engine', 'src/journal', 'src/schedules', 'src/state'],
    why: "the producer's side must not drag the worker's side into a web app",
  },
  'src/dead-letters': {
    may: ['src/engine', 'src/queue', 'src/redis', 'src/state'],
    why: 'it looks at what is stored: who ends a job and who replays it meet here, below both',
  },
  'src/audit': {
    may: ['src/engine', 'src/journal', 'src/queue', 'src/state'],
    why: 'what people did is on record whatever they did it with: it stands below pages and commands',
  },
  'src/bulk': {
    may: ['src/dead-letters', 'src/engine', 'src/queue', 'src/state'],
    why: 'what is done to many jobs, dead or waiting, has one carrier: it stands on both',
  },
  'src/runtime': {
    may: ['src/dead-letters', 'src/engine', 'src/queue', 'src/schedules', 'src/state'],
    why: "the worker's side stands on the producer's ids and options",
  },
  'src/standing': {
    may: ['src/dead-letters', 'src/engine', 'src/journal', 'src/queue', 'src/runtime', 'src/schedules', 'src/state'],
    why: 'how the work stands is judged in one place, by whoever lives: a supervisor or a dashboard',
  },
  'src/events': {
    may: ['src/queue', 'src/redis'],
    why: 'reactions turn events into jobs; whoever publishes must not load the worker',
  },
  'src/sessions': {
    may: [],
    why: 'how a session with PostgreSQL ends, and is begun anew, is decided below all who hold one',
  },
  'src/outbox': {
    may: ['src/engine', 'src/events', 'src/queue', 'src/sessions', 'src/state'],
    why: "it stands in the app's transaction: what a web app must not load is no part of it",
  },
  'src/event-store': {
    may: ['src/sessions'],
    why: 'it is a database and pure decisions: whoever appends must not load queues or workers',
  },
  'src/telemetry': { may: [], why: 'it listens to facts and knows nothing of those who state them' },
  'src/http': {
    may: ['src/engine', 'src/queue', 'src/state'],
    why: 'it stands on a client; whoever mounts it in a web app must not load workers, pages or a web framework',
  },
  'src/live': { may: [], why: 'a browser loads it: nothing of the platform, and nothing of Node' },
  'src/testing': {
    may: [
      'src/dead-letters',
      'src/engine',
      'src/events',
      'src/outbox',
      'src/queue',
      'src/runtime',
      'src/schedules',
      'src/state',
    ],
    why: 'it runs what a worker and a relay would run, in memory: the whole pipeline',
  },
  'src/command': { may: [], why: 'what commands are made of: whoever lists them must load nothing of the platform' },
  'src/boot': {
    may: [
      'src/audit',
      'src/command',
      'src/engine',
      'src/state',
      'src/journal',
      'src/queue',
      'src/dead-letters',
      'src/runtime',
      'src/standing',
      'src/events',
      'src/outbox',
      'src/event-store',
      'src/telemetry',
      'src/sessions',
      'src/http',
    ],
    why: 'it opens what an entry point asks for, each by a door of its own',
  },
  'src/adopt': {
    may: ['src/command', 'src/redis'],
    why: "it reads another program's queues: nothing of the platform takes part, least of all what writes",
  },
  'src/cli': {
    may: [
      'src/adopt',
      'src/command',
      'src/bulk',
      'src/dead-letters',
      'src/boot',
      'src/engine',
      'src/event-store',
      'src/events',
      'src/journal',
      'src/outbox',
      'src/queue',
      'src/runtime',
      'src/standing',
      'src/state',
      'src/telemetry',
    ],
    why: 'it may use any door',
  },
  jobs: { may: [], why: 'contracts are data: whoever reads them must not load the platform' },
  producers: { may: ['jobs', 'src/queue'], why: 'a web app loads this, and must not load workers or dashboard' },
  workers: {
    may: ['jobs', 'src/boot', 'src/cli', 'src/command', 'src/queue', 'src/runtime', 'src/sessions', 'src/telemetry'],
    why: "handlers know contracts, not producers or pages; its door also starts workers in a process of one's own",
  },
  dashboard: {
    may: [
      'jobs',
      'src/audit',
      'src/command',
      'src/cli',
      'src/bulk',
      'src/dead-letters',
      'src/boot',
      'src/engine',
      'src/event-store',
      'src/journal',
      'src/http',
      'src/queue',
      'src/runtime',
      'src/standing',
      'src/state',
      'src/telemetry',
    ],
    why: 'it shows any app: it must not know this one',
  },
  app: { may: ['jobs', 'workers'], why: 'it names what this app consists of' },
  local: { may: [], why: 'it starts programs; it is none of them' },
  examples: {
    may: [
      'jobs',
      'producers',
      'workers',
      'src/engine',
      'src/event-store',
      'src/events',
      'src/http',
      'src/outbox',
      'src/queue',
      'src/telemetry',
    ],
    why: 'an app of a user: it has the doors that a user has',
  },
};

/** Rooms that may reach anything: nobody ships them. */
export const FREE = ['tests', 'benchmarks'] as const;

export interface VendorRule {
  /** Rooms, folders or files whose code may load it. */
  readonly in: readonly string[];
  /** Where its types alone may be named beside those. */
  readonly typesIn?: readonly string[];
  readonly why: string;
}

/** Where a vendor may be loaded; elsewhere it would spread. */
export const VENDORS: Readonly<Record<string, VendorRule>> = {
  '@bull-board/api': { in: ['dashboard/board'], why: 'the board is one page of the dashboard' },
  '@bull-board/express': { in: ['dashboard/board'], why: 'the board is one page of the dashboard' },
  '@opentelemetry/api': { in: ['src/telemetry'], why: 'the core names its spans; one listener makes them' },
  '@standard-schema/spec': {
    in: [],
    typesIn: ['src/contracts', 'src/event-store', 'src/events', 'src/outbox', 'src/queue', 'src/testing'],
    why: 'it is types alone; the ground knows no other vendor, so that users may bring their own schemas',
  },
  amqplib: {
    in: ['src/events/transports/rabbitmq'],
    why: 'one transport speaks to RabbitMQ, behind an import()',
  },
  bullmq: {
    in: ['src/engine', 'src/queue', 'src/runtime', 'dashboard/board'],
    typesIn: ['src/dead-letters/causes', 'src/schedules/store', 'src/state'],
    why: 'everybody else meets jobs through the queue and the runtime; the board speaks to its queues itself',
  },
  croner: { in: ['src/schedules/times'], why: 'crons are read in one place; a contract only carries them' },
  cronstrue: { in: ['dashboard/schedules'], why: 'a page reads a cron to people; nobody decides by it' },
  express: { in: ['dashboard', 'examples'], why: 'a producer or a worker must not load a web framework' },
  helmet: { in: ['dashboard', 'examples'], why: 'headers belong to web apps' },
  ioredis: {
    in: ['src/adopt/read', 'src/engine/redis', 'src/events/transports/redis', 'src/redis'],
    typesIn: ['src/dead-letters/causes', 'src/engine', 'src/state'],
    why: 'the engine owns its connections; transports have their own, which block and subscribe; whoever moves in has one that only reads',
  },
  'ipaddr.js': {
    in: ['dashboard', 'workers/http'],
    why: 'addresses are judged in two places: who asks, and who is called',
  },
  maildev: { in: ['local/mailbox-process.ts'], why: 'it loads slowly and holds the process: it has one of its own' },
  nodemailer: { in: ['workers/email'], why: 'nobody else sends mail' },
  pg: {
    in: [
      'src/engine/postgres/pool.ts',
      'src/engine/postgres/patient-pool.ts',
      'src/boot/open-database.ts',
      'workers/database.ts',
      'local/postgres',
      'examples',
    ],
    typesIn: ['workers', 'src/sessions', 'src/outbox', 'src/event-store', 'src/boot', 'src/cli', 'src/engine'],
    why: 'one pool for the queues and one for the handlers, each behind an import(): a producer on Redis must not load it',
  },
  pino: { in: ['src/telemetry'], why: 'the core states facts; one listener logs' },
  'pino-pretty': { in: ['local'], why: 'a development dependency' },
  'playwright-core': { in: ['local/film.ts'], why: 'a development dependency' },
  'smtp-server': { in: ['local/picture'], why: 'a mail server that can be made sick, for the film' },
  'prom-client': { in: ['src/telemetry'], why: 'the core states facts; one listener counts' },
  standardwebhooks: {
    in: ['workers/notification', 'examples'],
    typesIn: ['src/standing/alerts'],
    why: 'workers sign webhooks, alerts are signed alike; an app checks those that it gets',
  },
  vitest: {
    in: ['src/testing/vitest'],
    why: 'matchers say what they extend, by its types alone; nothing of it is loaded',
  },
  'web-push': { in: ['workers/notification', 'local'], why: 'nobody else sends pushes; local makes its keys' },
  zod: {
    in: ['jobs', 'examples', 'src/codecs'],
    why: 'the platform takes any Standard Schema; an app chooses its own, and those of zod find codecs ready',
  },
};

/** Reached by import() alone: whoever loads the file without a need for it must not load the vendor. */
export const LAZY: Readonly<Record<string, string>> = {
  'src/engine/postgres/pool.ts': 'a web app on Redis must not load pg',
  'src/telemetry/metrics/index.ts': 'a program that serves no metrics must not load prom-client (50 ms)',
  'src/events/transports/rabbitmq/rabbitmq-transport.ts': 'an app without RabbitMQ must not load amqplib',
};

/** Files that may read the environment and end the process. */
export const ENTRY_POINTS = [
  'workers/main.ts',
  'dashboard/main.ts',
  'examples/bank/main.ts',
  'examples/shop/main.ts',
  'local/bank.ts',
  'local/main.ts',
  'local/before-shiftwork.ts',
  'local/build.ts',
  'local/tarballs.ts',
  'local/mailbox-process.ts',
  'local/film.ts',
  'src/boot/work/start-workers.ts',
  'src/cli/main.ts',
  'src/command/process-terminal.ts',
] as const;
