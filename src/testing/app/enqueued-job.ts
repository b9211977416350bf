import type { AnyJobContract, InputOf } from '../../contracts/index.ts';
import type { MemoryJob } from '../../engine/index.ts';
import { readMeta } from '../../queue/index.ts';

/** A job as it was queued in a test. */
export interface EnqueuedJob<Data = unknown> {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** As a worker reads it: what JSON made of what the producer gave. */
  readonly data: Data;
  /** 0: it is due at once. */
  readonly delayMs: number;
  readonly correlationId: string;
  /** By the test's clock, milliseconds since 1970. */
  readonly enqueuedAt: number;
}

/** Whoever keeps the jobs that were enqueued in a test: a test app, and a client that records. */
export interface KeepsJobs {
  /** The data of every job of this contract, oldest first. */
  dataOf<Contract extends AnyJobContract>(contract: Contract): readonly InputOf<Contract>[];
}

export function enqueuedJob({ id, name, data, opts, delay, timestamp }: MemoryJob, queue: string): EnqueuedJob {
  const { telemetry }: { readonly telemetry?: { readonly metadata?: string } } = JSON.parse(opts);
  const { correlationId = id } = readMeta(telemetry?.metadata);
  return { id, name, queue, data: JSON.parse(data), delayMs: delay, correlationId, enqueuedAt: timestamp };
}
