import type { Tracer } from '../tracing/index.ts';
import { openEngine, watchClock, type Engine } from '../engine/index.ts';
import { InvalidConfigError, unknownOptions } from '../config/index.ts';
import type { JournalDatabase } from '../journal/index.ts';
import { kindOf } from '../errors/index.ts';
import { Facts } from '../facts/index.ts';
import { checkSecrets, type GivenSecrets } from '../secrets/index.ts';
import { secretsOf } from '../state/index.ts';
import { createIdSource } from '../time/index.ts';
import { Client, type ClientApp } from './client.ts';

export interface ConnectOptions extends GivenSecrets {
  /** As REDIS_URL: `redis:`, `redis+sentinel:` or `redis+cluster:`, each also with `rediss`. Wins over `postgres`. */
  readonly redis?: string | undefined;
  /** `postgres:` or `postgresql:` URL. */
  readonly postgres?: string | undefined;
  /**
   * So that jobs are updated and replayed by the contracts of their names; and that on a Redis Cluster its queues share slots as their `slotGroup`
   * says, also where this process is the first to use them.
   */
  readonly app?: ClientApp | undefined;
  /** A `pg` pool on the workers' DATABASE_URL, where they have one beside a Redis: `find` looks for what has ended in the journal there. */
  readonly journal?: JournalDatabase['sql'] | undefined;
  /** What the running code is called, such as a commit: `client.job` says of a job which release has enqueued it. */
  readonly release?: string | undefined;
  /** Keeps installations apart in one engine. */
  readonly namespace?: string | undefined;
  /** Where facts are stated; a new one when left out. */
  readonly facts?: Facts;
  /** The current W3C traceparent, asked once a job. */
  readonly traceparent?: () => string | undefined;
  /** Makes a span of each call that queues jobs. Without one, which costs nothing, jobs carry `traceparent` as it is. */
  readonly tracer?: Tracer | undefined;
}

const KNOWN: { readonly [Option in keyof Required<ConnectOptions>]: true } = {
  redis: true,
  postgres: true,
  app: true,
  journal: true,
  release: true,
  namespace: true,
  secret: true,
  previousSecret: true,
  payloadKeys: true,
  facts: true,
  traceparent: true,
  tracer: true,
};

/**
 * Opens the producer's side. Does not wait for the engine: it may be away now and come later.
 * @throws InvalidConfigError when an option is not known, neither engine is named, the URL is wrong, or a secret is none
 */
export function connect(options: ConnectOptions): Client {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw new InvalidConfigError([
      `Expected connect() to get { redis: URL } or { postgres: URL }, got ${kindOf(given)}.`,
    ]);
  }
  const problems = unknownOptions('connect()', options, KNOWN);
  for (const option of ['redis', 'postgres', 'namespace', 'release'] as const) {
    const text: unknown = options[option];
    if (text !== undefined && typeof text !== 'string')
      problems.push(`Expected ${option} of connect() to be a text, got ${kindOf(text)}.`);
  }
  const url = options.redis || options.postgres;
  if (!url) problems.push('Expected connect() to get { redis: URL } or { postgres: URL }, got neither.');
  if (!url || problems.length > 0) throw new InvalidConfigError(problems);
  const facts = options.facts ?? new Facts();
  const engine = openEngine({
    url,
    role: 'producer',
    namespace: options.namespace,
    secrets: checkSecrets(options),
    facts,
  });
  if (options.app !== undefined) engine.place(options.app);
  watchClock({ clock: engine.clock, engine: engine.kind, facts });
  const journal = options.journal && { sql: options.journal, namespace: options.namespace };
  return clientOn(engine, facts, options.traceparent, options.tracer, options.app, journal, options.release);
}

/** A client on an engine that somebody else has opened, and closes. */
export function clientOn(
  engine: Engine,
  facts: Facts,
  traceparent: () => string | undefined = () => undefined,
  tracer?: Tracer,
  app?: ClientApp,
  journal?: JournalDatabase,
  release?: string,
): Client {
  const context = { ids: createIdSource(), cipher: engine.cipher, now: () => engine.clock.now(), traceparent };
  return new Client(engine, facts, secretsOf(engine), context, tracer, app, journal, release);
}
