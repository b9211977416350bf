import { ROOMS } from '../boot/index.ts';
import type { ListedCommand } from '../command/index.ts';

/** Each is loaded when it is asked for: a worker that starts after a crash waits for nothing that only others need. */
export const commands: ReadonlyMap<string, ListedCommand> = new Map<string, ListedCommand>([
  [
    'check',
    {
      summary: 'what would keep a worker from starting: app, configuration, engine, clock; starts nothing',
      load: async () => (await import('./commands/check.ts')).check,
    },
  ],
  [
    'enqueue',
    {
      summary: "queue one job of the app; prints the job's id",
      load: async () => (await import('./commands/enqueue.ts')).enqueue,
    },
  ],
  [
    'job',
    {
      summary: 'one job: its state, attempts, errors, log lines, result, and why it waits',
      load: async () => (await import('./commands/job.ts')).job,
    },
  ],
  [
    'find',
    {
      summary: 'jobs by what they are about: the tags that their contracts name',
      load: async () => (await import('./find/find.ts')).find,
    },
  ],
  [
    'erase',
    {
      summary: 'forget a person: jobs, results, journal and outbox that carry a tag; or what was erased before',
      load: async () => (await import('./commands/erase.ts')).erase,
    },
  ],
  [
    'cancel',
    {
      summary: 'end a job that is no longer wanted, also while it runs',
      load: async () => (await import('./commands/cancel.ts')).cancel,
    },
  ],
  [
    'update',
    {
      summary: 'change a job that waits: its data, when it starts, its priority',
      load: async () => (await import('./commands/change.ts')).update,
    },
  ],
  [
    'replay',
    {
      summary: 'run a job again that has ended, as it is or with other data',
      load: async () => (await import('./commands/change.ts')).replay,
    },
  ],
  [
    'tail',
    {
      summary: 'what runs come to, live: by queue, contract and outcome',
      load: async () => (await import('./commands/tail.ts')).tail,
    },
  ],
  [
    'stats',
    {
      summary: 'how many jobs each queue holds, by state, and how long the oldest due one has waited',
      load: async () => (await import('./commands/stats.ts')).stats,
    },
  ],
  [
    'queues',
    {
      summary: 'every queue of the namespace with its figures, also those that no contract names',
      load: async () => (await import('./commands/queues.ts')).queues,
    },
  ],
  [
    'scaling',
    {
      summary: 'how many worker processes each queue needs to start its jobs within what was promised, and why',
      load: async () => (await import('./commands/scaling.ts')).scaling,
    },
  ],
  [
    'alerts',
    {
      summary: 'what is wrong as it was judged last, and whether people were told; `alerts test` sends a message',
      load: async () => (await import('./commands/alerts.ts')).alerts,
    },
  ],
  [
    'dead-letters',
    {
      summary: 'jobs and events that ended in failure: list, groups, show, replay, discard',
      load: async () => (await import('./commands/dead-letters.ts')).deadLetters,
    },
  ],
  [
    'pause',
    {
      summary: 'let no worker begin a job of a queue, a contract or a group',
      load: async () => (await import('./commands/pause.ts')).pause,
    },
  ],
  [
    'resume',
    {
      summary: 'let workers begin jobs of what was paused again',
      load: async () => (await import('./commands/pause.ts')).resume,
    },
  ],
  [
    'schedules',
    {
      summary: 'work that comes again: when it is due next, what became of its last slots; run, pause, resume',
      load: async () => (await import('./commands/schedules.ts')).schedules,
    },
  ],
  [
    'migrate',
    {
      summary: 'create or upgrade what engine and handlers store; safe to repeat',
      load: async () => (await import('./commands/migrate.ts')).migrate,
    },
  ],
  [
    'work',
    {
      summary: "run the app's handlers until SIGTERM or SIGINT",
      load: async () => (await import('./commands/work.ts')).work,
    },
  ],
  [
    'workers',
    {
      summary: 'hosts and processes, how they are loaded; quiet (no new jobs), stop, resume',
      load: async () => (await import('./commands/workers/workers.ts')).workers,
    },
  ],
  [
    'adopt',
    {
      summary: 'look at running BullMQ queues, only look, and write contracts and a report',
      load: async () => (await import('../adopt/index.ts')).adopt,
    },
  ],
  ...ROOMS.flatMap(({ commands: own }) => Object.entries(own)),
  [
    'users',
    {
      summary: 'hash: read a password on standard input, print its hash for DASHBOARD_USERS',
      load: async () => (await import('./commands/users.ts')).users,
    },
  ],
]);
