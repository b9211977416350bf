import { Queue } from 'bullmq';
import { isUnreachable } from '../../resilience/index.ts';
import type { GivenSecrets } from '../../secrets/index.ts';
import { openCipher, type PayloadCipher } from '../../privacy/index.ts';
import type { Claim, Engine, EngineBacking, EngineOptions, EngineQueue, EngineReport } from '../engine.ts';
import { FAIL_FAST_MS } from '../settings/limits.ts';
import { prefixOf } from '../settings/namespace.ts';
import { Outage, outageFacts } from '../outage/outage.ts';
import { retryPatiently } from '../outage/patience.ts';
import type { EngineSpace, QueueContents } from '../contents/index.ts';
import type { BatchStore } from '../batches/index.ts';
import type { JobEnds } from '../ends/index.ts';
import { addFlow } from '../bullmq/add-flow.ts';
import type { NewFlow, TurnQueue, TurnQueueSettings } from '../turns/index.ts';
import { MemoryBatches } from './memory-batches.ts';
import { MemoryEnds } from './memory-ends.ts';
import { MemoryEngineClock } from './clock/memory-engine-clock.ts';
import { memoryContents, memorySpace } from './contents/memory-contents.ts';
import { memoryBackend } from './memory-backend.ts';
import { memoryServer, type MemoryServer } from './memory-server.ts';
import { MemoryTurnQueue } from './memory-turn-queue.ts';
import { settled } from '../../time/index.ts';

const CLOSED = new Error('Connection is closed.');
const WORKER_PATIENCE_MS = 60_000;
const VERSION = '1.0';

/** Queues in this process alone: for tests. What stands for the server, and outlives the engine, is in memory-server.ts. */
export class MemoryEngine implements Engine {
  readonly kind = 'memory';
  readonly target: string;
  readonly secrets: GivenSecrets;
  readonly cipher: PayloadCipher;
  readonly clock: MemoryEngineClock;
  readonly #server: MemoryServer;
  readonly #namespace: string;
  readonly #options: EngineOptions;
  readonly #outage: Outage;
  readonly #queues = new Map<string, EngineQueue>();
  readonly #stop = new AbortController();
  #isWatching = false;
  #isCut = false;
  #closing: Promise<void> | undefined;

  /** `server`: the one that the URL names in this process, when left out. */
  constructor(url: URL, options: EngineOptions, server: MemoryServer = memoryServer(url.host)) {
    this.target = `memory of this process (${url.host})`;
    this.secrets = options.secrets ?? {};
    this.cipher = openCipher(this.secrets, options.namespace);
    this.#server = server;
    this.clock = new MemoryEngineClock(this.#server.clock);
    this.#namespace = prefixOf(options.namespace);
    this.#options = options;
    this.#outage = new Outage(this.target, outageFacts(this.kind, options.facts));
  }

  async queue(name: string): Promise<EngineQueue> {
    await this.#open();
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue: EngineQueue = new Queue(name, { connection: {}, skipMetasUpdate: true }, this.#backend());
    queue.on('error', () => undefined);
    this.#queues.set(name, queue);
    return queue;
  }

  async existingQueue(name: string): Promise<EngineQueue | undefined> {
    return (await this.queueNames()).includes(name) ? this.queue(name) : undefined;
  }

  readyQueue(name: string): EngineQueue | undefined {
    return this.#closing === undefined && this.#server.isUp ? this.#queues.get(name) : undefined;
  }

  async turns(name: string, settings: TurnQueueSettings = {}): Promise<TurnQueue> {
    const { signal } = this.#stop;
    const again = (): boolean => this.#options.role === 'worker' && !signal.aborted;
    await retryPatiently(() => this.#open(), { again, signal }).catch((cause: unknown) => {
      throw signal.aborted ? this.#outage.error(CLOSED) : cause;
    });
    const queue = this.#server.queue(this.#namespace, name);
    const { gate } = this.#server;
    const batches = this.#server.batches(this.#namespace);
    return new MemoryTurnQueue({ queue, batches, gate, reach: () => this.#reach(), settings });
  }

  async queueNames(): Promise<readonly string[]> {
    await this.#open();
    return this.#server.queueNames(this.#namespace);
  }

  async ends(): Promise<JobEnds> {
    await this.#open();
    const reach = (): Promise<void> => this.#reach();
    return new MemoryEnds({ server: this.#server, namespace: this.#namespace, reach, signal: this.#stop.signal });
  }

  async addFlow(flow: NewFlow): Promise<void> {
    await this.#open();
    await addFlow(this.#backend(), flow, () => Promise.resolve(undefined));
  }

  async batches(): Promise<BatchStore> {
    await this.#open();
    const book = this.#server.batches(this.#namespace);
    return new MemoryBatches({ book, now: () => this.#server.clock.now(), reach: () => this.#reach() });
  }

  async claims(queue: string): Promise<readonly Claim[]> {
    await this.#open();
    const active = this.#server.queue(this.#namespace, queue).inState('active');
    const now = this.#server.clock.now();
    return active.flatMap(({ id, name, processedBy, token, lockedUntil }) =>
      token === undefined
        ? []
        : [{ jobId: id, jobName: name, worker: processedBy, token, lockLeftMs: Math.max(0, lockedUntil - now) }],
    );
  }

  async handBack(name: string, claims: readonly Pick<Claim, 'jobId' | 'token'>[]): Promise<readonly string[]> {
    if (claims.length === 0) return [];
    await this.#reach();
    const queue = this.#server.queue(this.#namespace, name);
    // The one that goes last ends at the head.
    return claims.toReversed().flatMap(({ jobId, token }) => {
      const job = queue.locked(jobId, token);
      if (typeof job === 'string') return [];
      queue.requeue(job, true, undefined);
      return [jobId];
    });
  }

  async backing(): Promise<EngineBacking> {
    await this.#open();
    return { kind: 'memory', server: this.#server, namespace: this.#namespace, now: () => this.#server.clock.now() };
  }

  renew(): void {}

  /** As if the process that has opened it were killed: nothing that it asks is done or answered any more. */
  cut(): void {
    this.#isCut = true;
  }

  async check(): Promise<EngineReport> {
    await this.#open();
    return { errors: [], warnings: [], version: VERSION, clockDifferenceMs: 0 };
  }

  async contents(queues: readonly string[], priorities: readonly number[]): Promise<readonly QueueContents[]> {
    await this.#open();
    return queues.map(name => memoryContents(name, this.#server.queue(this.#namespace, name), priorities));
  }

  async space(queues: readonly string[]): Promise<EngineSpace> {
    await this.#open();
    const each = queues.map(name => memorySpace(name, this.#server.queue(this.#namespace, name)));
    const { heapUsed: usedBytes } = process.memoryUsage();
    return { usedBytes, limit: undefined, queues: each };
  }

  /** There are no slots here. */
  place(): void {}

  async migrate(): Promise<readonly []> {
    await this.#open();
    return [];
  }

  close(timeoutMs = 5_000): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#stop.abort();
    this.#outage.end();
    this.clock.stop();
    await settled(timeoutMs, Promise.all([...this.#queues.values()].map(queue => queue.close())));
  }

  #backend() {
    return memoryBackend({ server: this.#server, namespace: this.#namespace, reach: () => this.#reach() });
  }

  /** For a caller of the engine itself: an outage in our words. */
  async #open(): Promise<void> {
    if (this.#closing !== undefined) throw this.#outage.error(CLOSED);
    try {
      await this.#reach();
    } catch (cause) {
      throw isUnreachable(cause) || this.#stop.signal.aborted ? this.#outage.error() : cause;
    }
  }

  /** For BullMQ's classes and turns: an outage in a driver's words. */
  async #reach(): Promise<void> {
    const isWorker = this.#options.role === 'worker';
    try {
      await this.#server.reach(isWorker ? WORKER_PATIENCE_MS : FAIL_FAST_MS, this.#stop.signal);
      if (this.#isCut) return await new Promise<never>(() => undefined);
      this.#outage.back();
    } catch (cause) {
      this.#lost(cause);
      throw cause;
    }
  }

  /** As a driver tries again: so an engine that is back is noticed by itself. */
  #lost(cause: unknown): void {
    this.#outage.lost(cause);
    if (this.#isWatching || this.#stop.signal.aborted) return;
    this.#isWatching = true;
    void this.#watch(cause);
  }

  async #watch(cause: unknown): Promise<void> {
    await this.#server.changed;
    this.#isWatching = false;
    if (this.#server.isUp) this.#outage.back();
    else this.#lost(cause);
  }
}
