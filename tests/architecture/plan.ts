/** Who may import whom, and why. docs/architecture.md says it in words. */

/** Importable by all; each may import those before it. */
export const GROUND = ['src/errors', 'src/time', 'src/config', 'src/facts', 'src/resilience', 'src/contracts'] as const;

export interface RoomRule {
  /** Rooms beside the ground. */
  readonly may: readonly string[];
  readonly why: string;
}

export const ROOMS: Readonly<Record<string, RoomRule>> = {
  src: { may: ['src/queue'], why: 'the root door is what a web app loads: contracts, producers, errors' },
  'src/engine': { may: [], why: 'it owns the connections; everybody above stands on it' },
  'src/queue': { may: ['src/engine'], why: "the producer's side must not drag the worker's side into a web app" },
  'src/runtime': {
    may: ['src/engine', 'src/queue'],
    why: "the worker's side stands on the producer's ids and options",
  },
  'src/telemetry': { may: [], why: 'it listens to facts and knows nothing of those who state them' },
  'src/testing': { may: ['src/queue', 'src/runtime'], why: 'it runs what the runtime would run, in memory' },
  'src/cli': {
    may: ['src/engine', 'src/queue', 'src/runtime', 'src/telemetry'],
    why: 'it may use any door',
  },
  jobs: { may: [], why: 'contracts are data: whoever reads them must not load the platform' },
  producers: { may: ['jobs', 'src/queue'], why: 'a web app loads this, and must not load workers or dashboard' },
  workers: {
    may: ['jobs', 'src/cli', 'src/queue', 'src/runtime', 'src/telemetry'],
    why: 'handlers know contracts, not producers or pages',
  },
  dashboard: {
    may: ['jobs', 'src/cli', 'src/engine', 'src/queue', 'src/runtime', 'src/telemetry'],
    why: 'it shows any app: it must not know this one',
  },
  app: { may: ['jobs', 'workers'], why: 'it names what this app consists of' },
  local: { may: [], why: 'it starts programs; it is none of them' },
  examples: {
    may: ['jobs', 'producers', 'workers', 'src/queue', 'src/telemetry'],
    why: 'an app of a user: it has the doors that a user has',
  },
};

/** Rooms that may reach anything: nobody ships them. */
export const FREE = ['tests', 'benchmarks'] as const;

/** Where a vendor may be loaded; elsewhere it would spread. */
export const VENDORS: Readonly<Record<string, readonly string[]>> = {
  bullmq: ['src/engine', 'src/queue', 'src/runtime', 'dashboard'],
  ioredis: ['src/engine'],
  pg: ['src/engine', 'workers', 'local', 'examples'],
  pino: ['src/telemetry'],
  'pino-pretty': ['local'],
  express: ['dashboard', 'examples'],
  helmet: ['dashboard', 'examples'],
  '@bull-board/api': ['dashboard'],
  '@bull-board/express': ['dashboard'],
  '@bull-board/ui': ['dashboard'],
  nodemailer: ['workers'],
  standardwebhooks: ['workers'],
  'web-push': ['workers', 'local'],
  'ipaddr.js': ['workers', 'dashboard'],
  maildev: ['local'],
  zod: ['jobs', 'examples', 'dashboard'],
  '@standard-schema/spec': ['src/contracts', 'src/queue', 'src/testing'],
};

/** Files that may read the environment and end the process. */
export const ENTRY_POINTS = [
  'workers/main.ts',
  'dashboard/main.ts',
  'examples/shop/main.ts',
  'local/main.ts',
  'local/build.ts',
  'local/mailbox-process.ts',
  'src/cli/main.ts',
  'src/cli/process-terminal.ts',
] as const;
