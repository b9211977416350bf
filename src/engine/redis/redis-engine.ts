import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import { Cluster, type Redis } from 'ioredis';
import type { RedisAddress } from '../../config/index.ts';
import type { App } from '../../contracts/index.ts';
import { EngineCheckError } from '../engine-check-error.ts';
import type { Claim, Engine, EngineBacking, EngineOptions, EngineQueue, EngineReport } from '../engine.ts';
import { EngineClock } from '../clock/index.ts';
import type { EngineSpace, QueueContents } from '../contents/index.ts';
import type { BatchStore } from '../batches/index.ts';
import type { JobEnds } from '../ends/index.ts';
import { ClusterKeys, PlainKeys, type RedisClient, type RedisKeys } from '../../redis/index.ts';
import type { GivenSecrets } from '../../secrets/index.ts';
import { openCipher, type PayloadCipher } from '../../privacy/index.ts';
import { EVENTS_KEPT, FAIL_FAST_MS } from '../settings/limits.ts';
import { addFlow, queuesOf } from '../bullmq/add-flow.ts';
import { addTagged } from '../bullmq/redis/flow-tags.ts';
import { keepEvents } from '../bullmq/redis/keep-events.ts';
import type { NewFlow, TurnQueue, TurnQueueSettings } from '../turns/index.ts';
import { prefixOf } from '../settings/namespace.ts';
import { isUnreachable } from '../../resilience/index.ts';
import { Outage, outageFacts } from '../outage/outage.ts';
import { RedisContents } from '../bullmq/redis/contents/redis-contents.ts';
import { RedisBatches } from '../bullmq/redis/redis-batches.ts';
import { RedisEnds } from '../bullmq/redis/redis-ends.ts';
import { checkCluster } from './check-cluster.ts';
import { checkRedis, kindErrorsOf } from './check.ts';
import { redisQueueNames } from '../bullmq/redis/queue-names.ts';
import { redisClaims, redisHandBack } from '../bullmq/redis/claims.ts';
import { Connections } from './connections.ts';
import { isMissingDatabase } from './insist-on-database.ts';
import { rightsErrors } from './rights.ts';
import { redisBackend } from '../bullmq/redis/backend.ts';
import { bullmqWarnings } from '../bullmq/tried-versions.ts';
import { LostSigns, RedisTurnQueue } from '../bullmq/redis/turns/index.ts';
import { settled, within } from '../../time/index.ts';

const NO_DATABASE =
  'Expected the database that the URL names by its number, found none: a Redis has 16 (0 to 15) unless its "databases" says otherwise.';

/** Queues on Redis: one command connection per process, shared by everything, and a blocking one per worker. */
export class RedisEngine implements Engine {
  readonly kind = 'redis';
  readonly target: string;
  readonly clock: EngineClock;
  readonly secrets: GivenSecrets;
  readonly cipher: PayloadCipher;
  readonly #options: EngineOptions;
  readonly #keys: RedisKeys;
  readonly #outage: Outage;
  readonly #connections: Connections;
  readonly #lostSigns: LostSigns;
  readonly #queues = new Map<string, EngineQueue>();
  /** Names of queues whose signs this process has waited for. */
  readonly #waited = new Set<string>();
  readonly #stop = new AbortController();
  #ends: JobEnds | undefined;
  #contents: RedisContents | undefined;
  #batches: BatchStore | undefined;
  #closing: Promise<void> | undefined;

  constructor(address: RedisAddress, options: EngineOptions) {
    this.secrets = options.secrets ?? {};
    this.cipher = openCipher(this.secrets, options.namespace);
    this.target = address.target;
    this.#options = options;
    this.#outage = new Outage(this.target, outageFacts(this.kind, options.facts));
    const prefix = prefixOf(options.namespace);
    const keys = address.kind === 'cluster' ? new ClusterKeys(prefix, () => this.#ready()) : new PlainKeys(prefix);
    this.#keys = keys;
    // No queue can have such a name.
    const used = (): string[] => (keys instanceof ClusterKeys ? keys.used.map(each => `${each}:~probe`) : []);
    const { role } = options;
    const probes = (): [string, ...string[]] => [keys.own('~probe'), ...used()];
    this.#connections = new Connections({ address, role, outage: this.#outage, probes });
    const { commands } = this.#connections;
    // One clock for all: on a cluster that of the server which holds one key.
    this.clock = new EngineClock(async () =>
      timeIn(commands instanceof Cluster ? await commands.eval(TIME, 1, keys.own('~clock')) : await commands.time()),
    );
    this.#lostSigns = new LostSigns(commands, () => this.clock.now());
    // Another server may stand behind the address after an outage.
    commands.on('ready', () => void this.clock.look());
  }

  async queue(name: string): Promise<EngineQueue> {
    await this.#connections.ready(FAIL_FAST_MS);
    await this.clock.known();
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const prefix = await this.#keys.prefixOf(name);
    const queue = this.#queues.get(name) ?? this.#openQueue(name, prefix);
    this.#queues.set(name, queue);
    return queue;
  }

  async existingQueue(name: string): Promise<EngineQueue | undefined> {
    const commands = await this.#ready();
    if (this.#queues.has(name)) return this.queue(name);
    const prefix = await this.#keys.prefixOf(name);
    return (await commands.exists(`${prefix}:${name}:meta`)) === 0 ? undefined : this.queue(name);
  }

  readyQueue(name: string): EngineQueue | undefined {
    return this.#connections.isReady ? this.#queues.get(name) : undefined;
  }

  #openQueue(name: string, prefix: string): EngineQueue {
    const queue: EngineQueue = new Queue(
      name,
      // A look makes no queue known: whoever adds to it does (see keep-events.ts).
      { connection: {}, prefix, skipMetasUpdate: true },
      redisBackend(this.#connections.commands, prefix, this.clock),
    );
    // The command connection's own listeners have reported it already.
    queue.on('error', () => undefined);
    return queue;
  }

  async queueNames(): Promise<readonly string[]> {
    await this.#connections.ready(FAIL_FAST_MS);
    return redisQueueNames(this.#connections.commands, this.#keys);
  }

  async turns(name: string, settings: TurnQueueSettings = {}): Promise<TurnQueue> {
    const redis = await this.#ready();
    await this.clock.known();
    const prefix = await this.#keys.prefixOf(name);
    const blocking = (): Redis => {
      this.#waited.add(name);
      return this.#connections.blocking(`${prefix}:${name}:marker`, workerConnection(prefix, name));
    };
    return new RedisTurnQueue({
      redis,
      blocking,
      lostSigns: this.#lostSigns,
      prefix,
      name,
      sender: randomUUID(),
      settings,
      eventsKept: EVENTS_KEPT,
    });
  }

  async ends(): Promise<JobEnds> {
    const commands = await this.#ready();
    const keys = this.#keys;
    const connect = (): Redis => this.#connections.blocking(keys.own('~ended'), 'shiftwork-ends');
    this.#ends ??= new RedisEnds({ commands, connect, keys, signal: this.#stop.signal });
    return this.#ends;
  }

  async addFlow(flow: NewFlow): Promise<void> {
    await this.#connections.ready(FAIL_FAST_MS);
    const prefix = await this.#keys.prefixOf(flow.queue);
    const { commands } = this.#connections;
    const backend = redisBackend(commands, prefix, this.clock);
    for (const queue of queuesOf(flow))
      await keepEvents(commands, `${await this.#keys.prefixOf(queue)}:${queue}:`, EVENTS_KEPT);
    await addTagged(commands, this.#keys, flow, () => addFlow(backend, flow, queue => this.#keys.prefixOf(queue)));
  }

  async batches(): Promise<BatchStore> {
    const commands = await this.#ready();
    this.#batches ??= new RedisBatches({ commands, keys: this.#keys });
    return this.#batches;
  }

  async claims(queue: string): Promise<readonly Claim[]> {
    await this.#connections.ready(FAIL_FAST_MS);
    return redisClaims(this.#connections.commands, `${await this.#keys.prefixOf(queue)}:${queue}`);
  }

  async handBack(queue: string, claims: readonly Pick<Claim, 'jobId' | 'token'>[]): Promise<readonly string[]> {
    return claims.length === 0 ? [] : redisHandBack(await this.queue(queue), claims);
  }

  async backing(): Promise<EngineBacking> {
    return { kind: 'redis', commands: await this.#ready(), keys: this.#keys };
  }

  renew(): void {
    this.#connections.renew();
  }

  async check(): Promise<EngineReport> {
    try {
      await this.#connections.ready(FAIL_FAST_MS);
    } catch (error) {
      // It answers, and by waiting for it nothing is mended.
      if (isMissingDatabase(this.#outage.cause)) throw new EngineCheckError([NO_DATABASE]);
      throw error;
    }
    const { commands } = this.#connections;
    const lacking = this.#unfit().catch((cause: unknown) => {
      throw isUnreachable(cause) ? this.#outage.error(cause) : cause;
    });
    const errors = await within(FAIL_FAST_MS, lacking, () => this.#outage.error(undefined));
    if (errors.length > 0) return { errors, warnings: [], version: 'unknown', clockDifferenceMs: 0 };
    const checking =
      commands instanceof Cluster ? checkCluster(commands, this.#outage) : checkRedis(commands, this.#outage);
    const report = await checking;
    return { ...report, warnings: [...report.warnings, ...bullmqWarnings()] };
  }

  /** Why nothing could be written. */
  async #unfit(): Promise<string[]> {
    const { commands } = this.#connections;
    const errors = commands instanceof Cluster ? [] : await kindErrorsOf(commands);
    return errors.length > 0 ? errors : rightsErrors(commands, this.#keys);
  }

  async contents(queues: readonly string[], priorities: readonly number[]): Promise<readonly QueueContents[]> {
    return this.#look(await this.#ready()).contents(queues, priorities);
  }

  async space(queues: readonly string[]): Promise<EngineSpace> {
    return this.#look(await this.#ready()).space(queues);
  }

  #look(redis: RedisClient): RedisContents {
    this.#contents ??= new RedisContents(redis, this.#keys);
    return this.#contents;
  }

  place({ queues }: Pick<App, 'queues'>): void {
    const groups = [...queues.values()].flatMap(({ name, slotGroup }) =>
      slotGroup === undefined ? [] : [[name, slotGroup] as const],
    );
    if (this.#keys instanceof ClusterKeys) this.#keys.want(new Map(groups));
  }

  async migrate(): Promise<readonly []> {
    if (this.#keys instanceof ClusterKeys) await this.#keys.record();
    return [];
  }

  close(timeoutMs = 5_000): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  /**
   * A worker that is told to stop still waits for the sign that there is work, and takes it from those who could do the work: a job
   * that was handed back then lay there until their own wait ended (10 s, seen).
   */
  async #wakeOthers(): Promise<void> {
    const { commands } = this.#connections;
    if (commands.status !== 'ready') return;
    await Promise.all([...this.#waited].map(name => this.#wake(commands, name)));
  }

  async #wake(commands: RedisClient, name: string): Promise<unknown> {
    return commands.zadd(`${await this.#keys.prefixOf(name)}:${name}:marker`, '0', '0');
  }

  /** Commands, once they can be sent; a producer does not wait for long. */
  async #ready(): Promise<RedisClient> {
    await this.#connections.ready(this.#options.role === 'producer' ? FAIL_FAST_MS : undefined);
    return this.#connections.commands;
  }

  async #close(timeoutMs: number): Promise<void> {
    const endsAt = performance.now() + timeoutMs;
    this.clock.stop();
    this.#lostSigns.stop();
    this.#stop.abort();
    // The last part of the time is for the connections.
    const reserve = Math.min(300, timeoutMs / 4);
    await settled(reserve, this.#wakeOthers());
    for (const queue of this.#queues.values()) queue.close().catch(() => undefined);
    await this.#connections.close(Math.max(0, endsAt - performance.now()));
  }
}

const TIME = "return redis.call('TIME')";

/** The answer of TIME, in milliseconds since 1970. */
function timeIn(answer: unknown): number {
  const [seconds, microseconds]: readonly unknown[] = Array.isArray(answer) ? answer : [];
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
}

/** BullMQ finds a queue's workers by the names of their connections. */
function workerConnection(prefix: string, queue: string): string {
  return `${prefix}:${Buffer.from(queue).toString('base64')}:w:shiftwork`;
}
