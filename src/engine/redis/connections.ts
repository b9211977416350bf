import type { Redis, RedisOptions } from 'ioredis';
import type { EngineOptions } from '../engine.ts';
import { EngineAway } from '../bullmq/engine-away.ts';
import { FAIL_FAST_MS, settled, within } from '../settings/limits.ts';
import type { SentinelAddress, SingleAddress } from '../../config/index.ts';
import { connectionOptions, sentinelError, SentinelWatch } from '../../redis/index.ts';
import { isOutage, signOf } from '../../resilience/index.ts';
import type { Outage } from '../outage/outage.ts';
import { WriteWatch } from '../outage/write-watch.ts';
import { BlockingRedis } from './blocking-redis.ts';
import { insistOnDatabase, isRefusedSelect } from './insist-on-database.ts';
import { LeanRedis, type AnswerLimits } from './lean-redis.ts';

const CLOSED = new Error('Connection is closed.');

const COMMON = {
  // Nothing is done before it is used: opening an engine is synchronous.
  lazyConnect: true,
  // RESP3 gives BullMQ nothing, and its HELLO is refused by some proxies in front of managed servers.
  protocol: 2,
  keepAlive: 10_000,
  // A half-closed connection to a frozen server would keep the process alive for 2 s.
  disconnectTimeout: 200,
  // Quick at first for a restart, then once a second; jitter, so that a fleet does not come back as one.
  retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 5), 1_000) * (0.5 + Math.random() / 2),
  // After a failover the old primary answers as a replica: leave it.
  reconnectOnError: (error: Error) => signOf(error) === 'READONLY',
} satisfies RedisOptions;

const BY_ROLE = {
  producer: {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: FAIL_FAST_MS,
  },
  worker: {
    maxRetriesPerRequest: null,
    connectTimeout: 10_000,
  },
} satisfies Readonly<Record<EngineOptions['role'], RedisOptions>>;

/** Longer than any blocking read (10 s), so that only a dead connection meets it. */
const WORKER_SILENCE_MS = 30_000;

const LIMITS = {
  // Commands that are given up on a connection that is silently gone do not end it; its silence does.
  producer: { answerMs: FAIL_FAST_MS, silenceMs: 5_000 },
  worker: { silenceMs: WORKER_SILENCE_MS },
} satisfies Readonly<Record<EngineOptions['role'], AnswerLimits>>;

/** Every connection to one Redis that a process holds: one for commands, and one for each worker's blocking read. */
export class Connections {
  /** Shared by all queues and workers. */
  readonly commands: Redis;
  readonly #address: SingleAddress | SentinelAddress;
  readonly #outage: Outage;
  readonly #writes: WriteWatch;
  readonly #sentinels: SentinelWatch | undefined;
  readonly #all: Redis[] = [];
  #arrival: PromiseWithResolvers<void> | undefined;
  #closed = false;
  /** Why the present connection is not used, or none comes about: what follows from its end must not hide it. */
  #refusal: Error | undefined;

  /** `prefix`: where the probe's key stands. */
  constructor(address: SingleAddress | SentinelAddress, role: EngineOptions['role'], prefix: string, outage: Outage) {
    this.#address = address;
    this.#outage = outage;
    // No queue can have such a name.
    const probe = `${prefix}:~probe`;
    this.#writes = new WriteWatch(outage, () => this.commands.set(probe, '1', 'PX', 1_000));
    const reached = connectionOptions(address, probe);
    const own = { ...COMMON, ...BY_ROLE[role], connectionName: `shiftwork-${role}` };
    this.commands = new LeanRedis({ ...reached, ...own }, LIMITS[role], error => {
      this.#writes.note(error);
      // BullMQ's workers wait after this one alone; after every other they ask again at once.
      return role === 'worker' && isOutage(error) ? new EngineAway(error) : error;
    });
    if (address.kind === 'sentinel') this.#sentinels = new SentinelWatch(address, () => this.renew());
    // What one sentinel says; that none names a master follows as an error which does not say why.
    this.commands.on('sentinelError', (error: Error) => (this.#refusal = sentinelError(error)));
    this.#all.push(this.commands);
    this.commands.on('ready', () => {
      this.#refusal = undefined;
      this.#sentinels?.begin();
      this.#writes.connected();
      this.#arrival?.resolve();
      this.#arrival = undefined;
    });
    this.commands.on('error', error => {
      if (isRefusedSelect(error)) this.#refusal = error;
      outage.lost(this.#refusal ?? error);
    });
    this.commands.on('close', () => {
      this.#refusal = undefined;
      outage.lost();
    });
    insistOnDatabase(this.commands);
  }

  /** A connection of its own for a worker's read that blocks. */
  blocking(connectionName: string): Redis {
    const own = { connectionName, lazyConnect: false, socketTimeout: WORKER_SILENCE_MS };
    const reached = connectionOptions(this.#address, connectionName);
    const copy = new BlockingRedis({ ...reached, ...COMMON, ...BY_ROLE.worker, ...own });
    // The command connection speaks for the server; this listener only keeps the driver from printing.
    copy.on('error', () => undefined);
    insistOnDatabase(copy);
    this.#all.push(copy);
    return copy;
  }

  /** Commands can be sent now. */
  get isReady(): boolean {
    return !this.#closed && this.commands.status === 'ready';
  }

  /** Resolves when commands can be sent; rejects with EngineUnreachableError after `limitMs`, or when closed. */
  async ready(limitMs?: number): Promise<void> {
    const { commands } = this;
    if (this.#closed) throw this.#outage.error(CLOSED);
    if (commands.status === 'ready') return;
    // One wait for all: a web app may ask a thousand times during an outage.
    if (this.#arrival === undefined) {
      this.#arrival = Promise.withResolvers<void>();
      this.#arrival.promise.catch(() => undefined);
    }
    const arrival = this.#arrival.promise;
    // The first attempt may fail; the retries go on by themselves.
    if (commands.status === 'wait') commands.connect().catch(() => undefined);
    if (limitMs === undefined) await arrival;
    else await within(limitMs, arrival, () => this.#outage.error());
  }

  /** Cuts every connection; each comes back by itself. */
  renew(): void {
    for (const connection of this.#all) connection.disconnect(true);
  }

  /** Lets what was sent be answered, at most for `limitMs`, then destroys what is left. */
  async close(limitMs: number): Promise<void> {
    this.#closed = true;
    this.#outage.end();
    this.#writes.end();
    this.#sentinels?.end();
    this.#arrival?.reject(this.#outage.error(CLOSED));
    if (this.commands.status === 'ready') await settled(limitMs, this.commands.quit());
    for (const connection of this.#all) {
      connection.disconnect();
      // Before the first connection there is no stream, whatever the type says.
      const stream: { destroy(): unknown } | undefined = connection.stream;
      stream?.destroy();
    }
  }
}
