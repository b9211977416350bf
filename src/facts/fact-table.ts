/**
 * Everything that the platform states about itself: names and fields are for ever.
 * docs/facts.md lists them with their meaning; a test compares the two.
 *
 * Times are milliseconds, `at` is implied by the listener's clock. No fact carries a job's data.
 */

/** Fields that every fact about one job carries. */
export interface JobFields {
  readonly jobId: string;
  readonly jobName: string;
  readonly queue: string;
  readonly correlationId: string;
  /** W3C trace id, 32 hex digits, when the producer had a trace. */
  readonly traceId?: string | undefined;
}

/** Fields of facts about one run of a job. */
export interface RunFields extends JobFields {
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly worker: string;
}

export interface FactTable {
  'job.enqueued': JobFields & { readonly delayMs: number };
  'job.deduplicated': JobFields;
  'job.started': RunFields & { readonly waitedMs: number };
  'job.succeeded': RunFields & { readonly waitedMs: number; readonly ranMs: number };
  'job.retried': RunFields & { readonly ranMs: number; readonly retryInMs: number; readonly error: Error };
  'job.snoozed': RunFields & { readonly untilMs: number; readonly reason: string; readonly alarm: boolean };
  'job.cancelled': RunFields & { readonly reason: string };
  'job.dead': RunFields & { readonly ranMs: number; readonly reason: DeadReason; readonly error: Error };
  'job.handed-back': RunFields & { readonly ranMs: number };
  'job.lock-lost': RunFields;
  'job.stalled': { readonly jobId: string; readonly queue: string };
  'worker.started': { readonly worker: string; readonly queues: readonly string[]; readonly engine: string };
  'worker.draining': { readonly worker: string; readonly running: number };
  'worker.stopped': { readonly worker: string; readonly handedBack: number; readonly tookMs: number };
  'worker.error': { readonly worker: string; readonly queue: string; readonly error: Error };
  'engine.warning': { readonly engine: string; readonly warning: string };
  'engine.lost': { readonly engine: string; readonly error: Error };
  'engine.back': { readonly engine: string; readonly awayMs: number };
  'listener.failed': { readonly fact: string; readonly error: Error };
}

export type DeadReason =
  | 'attempts-exhausted'
  | 'permanent'
  | 'expired'
  | 'undecodable'
  | 'unknown-contract'
  | 'said-by-handler'
  | 'in-doubt'
  | 'stalled';

export type FactName = keyof FactTable;

/** One stated fact. */
export type Fact<Name extends FactName = FactName> = {
  [N in Name]: { readonly name: N; readonly fields: FactTable[N] };
}[Name];
