import { itemsIn, type AnyJobContract, type App, type InputOf } from '../../contracts/index.ts';
import type { MemoryJob } from '../../engine/index.ts';
import type { PayloadCipher } from '../../privacy/index.ts';
import { decryptedData, readMeta } from '../../queue/index.ts';

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

/** One, or of a chunk one for each item; none for what a chunk was divided into: nobody has enqueued that again. */
export function enqueuedJobs(
  { jobs }: Pick<App, 'jobs'>,
  cipher: PayloadCipher,
  { id, name, data: json, opts, delay, timestamp }: MemoryJob,
  queue: string,
): readonly EnqueuedJob[] {
  const { telemetry }: { readonly telemetry?: { readonly metadata?: string } } = JSON.parse(opts);
  const meta = readMeta(telemetry?.metadata);
  const { correlationId = id, part } = meta;
  if (part !== undefined) return [];
  const stored: unknown = JSON.parse(json);
  const read = decryptedData(cipher, jobs.get(name), meta, stored);
  const data = read.kind === 'data' ? read.data : stored;
  const all = jobs.get(name)?.chunk === undefined ? [data] : itemsIn(data);
  return all.map(each => ({ id, name, queue, data: each, delayMs: delay, correlationId, enqueuedAt: timestamp }));
}
