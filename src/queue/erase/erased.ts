/** How many of each were erased. */
export interface ErasedCounts {
  /** Jobs that waited: due, delayed, held back, or for their children. */
  readonly waiting: number;
  /** Jobs that ran, and were cancelled or waited for. */
  readonly running: number;
  /** Jobs that had succeeded and were still kept. */
  readonly succeeded: number;
  /** Dead letters, and jobs that were cancelled or expired. */
  readonly dead: number;
  /** Items of chunks whose other items stay, or that held no others. */
  readonly items: number;
  /** Results that were kept for whoever waits. */
  readonly results: number;
  /** Results of steps. */
  readonly steps: number;
  /** Lines of jobs' logs, those of their attempts among them. */
  readonly logLines: number;
  /** Lines of the journal. */
  readonly runs: number;
  /** What `onDead` had still to queue. */
  readonly notes: number;
  /** What batches had still to call back. */
  readonly callbacks: number;
  /** Schedules that were made at run time. */
  readonly schedules: number;
  /** Events of whose personal data the key was thrown away. */
  readonly events: number;
}

export const NOTHING_ERASED: ErasedCounts = Object.freeze({
  waiting: 0,
  running: 0,
  succeeded: 0,
  dead: 0,
  items: 0,
  results: 0,
  steps: 0,
  logLines: 0,
  runs: 0,
  notes: 0,
  callbacks: 0,
  schedules: 0,
  events: 0,
});

/** What `client.erase` has done. */
export interface ErasedTag {
  readonly erased: ErasedCounts;
  /** Ids of jobs that still ran when the time was over: erase again once they have ended. */
  readonly left: readonly string[];
  /** `unreached` where the journal could not be read or written: erase again when it is back. */
  readonly journal: 'erased' | 'unreached';
  /** What cannot be found by a tag, a sentence each. */
  readonly notReached: readonly string[];
}

/** What no look for a tag finds, whatever the app: whoever answers for it has to know. */
export const NOT_REACHED: readonly string[] = [
  'Backups and replicas of Redis and PostgreSQL, and append-only files until they are rewritten.',
  'Jobs and schedules without this tag: of contracts that do not name it, items of chunks whose contract does not say whose they are (chunk.tags), jobs of other programs; and schedules whose record cannot be read: shiftwork check names them.',
  'What run.once has answered, for 7 days; what a child has returned, with its parent; lines and steps of a chunk that has items of others, with its job.',
  'Events that an outbox or a bus (a stream in Redis, RabbitMQ, Kafka) has: until each consumer has had them and they are trimmed there.',
  "BullMQ's streams of events: results, progress and failures, until newer ones have pushed them out.",
  'Logs, traces and metrics outside of the engine. They hold ids of jobs, and no sensitive values.',
  'What handlers have sent or stored elsewhere.',
];

/** What `client.erase` does not reach beside that, and `shiftwork erase` does. */
export const NOT_REACHED_FROM_APPS: readonly string[] = [
  'Jobs in an outbox, sent ones too for 30 days: shiftwork erase with DATABASE_URL. Until then they may come to the engine.',
];

/** Where nobody has said what the app's contracts are. */
export const ITEMS_NOT_REACHED =
  'Items of chunks: their contracts say whose they are. Erase with a client that knows the app, connect({ app }), or with shiftwork erase.';

/** Where no event store was given. */
export const EVENTS_NOT_REACHED =
  'Personal data in events of an event store: erase({ events: eventStore }), or shiftwork erase --subject PERSON with its app.';

/** Where one was. */
export const EVENTS_IN_THE_OPEN =
  'Fields of events that are not named as personal data, and read models until they are rebuilt.';
