import type { IQueueBackend, Job, Queue, Worker, WorkerOptions } from 'bullmq';

/** BullMQ's classes as this project uses them: the data is unknown until a contract has validated it. */
export type EngineQueue = Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend, unknown>;
export type EngineWorker = Worker<unknown, unknown, string, IQueueBackend>;
export type EngineJob = Job<unknown, unknown, string>;

export interface EngineReport {
  /** What must be mended before the engine may be used. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** As the server says it, such as `7.0.15`. */
  readonly version: string;
  /** This process's clock minus the engine's, in milliseconds. */
  readonly clockDifferenceMs: number;
}

export interface WorkerSetup extends Omit<WorkerOptions<unknown>, 'connection' | 'prefix' | 'name'> {
  readonly name: string;
}

/**
 * Where queues live: Redis or PostgreSQL, chosen by URL, behind one interface.
 *
 * One engine per process and role. `producer` fails fast: a call is answered within two seconds or rejects.
 * `worker` waits for the engine as long as it takes.
 */
export interface Engine {
  readonly kind: 'redis' | 'postgres';
  /** Host and port, without credentials. */
  readonly target: string;
  /** The queue for producing and inspecting; one object per queue and process. Rejects while the engine is away. */
  queue(name: string): Promise<EngineQueue>;
  /** Starts nothing by itself: `autorun` is off. Only on an engine opened for workers. */
  worker(
    name: string,
    process: (job: EngineJob, token: string) => Promise<unknown>,
    setup: WorkerSetup,
  ): Promise<EngineWorker>;
  /** Asks the engine what it is and whether it may be used. Rejects with EngineUnreachableError. */
  check(): Promise<EngineReport>;
  /** Creates or upgrades what the engine stores. Nothing to do on Redis. */
  migrate(): Promise<void>;
  /** Closes every queue, worker and connection, at the latest after `timeoutMs`. */
  close(timeoutMs?: number): Promise<void>;
}

export interface EngineOptions {
  /** `redis:`, `rediss:`, `postgres:` or `postgresql:`. */
  readonly url: string;
  readonly role: 'producer' | 'worker';
  /** Keeps installations apart; BullMQ's own names (`bull`, schema `bullmq`) when left out. */
  readonly namespace?: string | undefined;
  /** Told of connections lost and regained. */
  readonly onError?: (error: Error) => void;
}
