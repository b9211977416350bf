import type { JobJson, JobProgress, JobsOptions } from 'bullmq';

export type MemoryJobState = 'waiting' | 'active' | 'delayed' | 'waiting-children' | 'completed' | 'failed';

/** A stored job. Texts are JSON, as on a server: nothing that a caller changes later changes it. */
export interface MemoryJob {
  readonly id: string;
  readonly name: string;
  timestamp: number;
  /** When its key was asked for first, where it has taken over what was asked for later. */
  since: number | undefined;
  key: string | undefined;
  data: string;
  opts: string;
  priority: number;
  delay: number;
  /** Its place among those of one priority; negative at the head. */
  seq: number;
  state: MemoryJobState;
  dueAt: number;
  attemptsMade: number;
  attemptsStarted: number;
  stalls: number;
  wasStalled: boolean;
  progress: string;
  result: string;
  failedReason: string | undefined;
  stacktrace: string | undefined;
  deferredFailure: string | undefined;
  processedOn: number | undefined;
  processedBy: string | undefined;
  finishedOn: number | undefined;
  token: string | undefined;
  lockedUntil: number;
  logs: string[];
  parent: { readonly queue: string; readonly id: string } | undefined;
  /** By `QUEUE:ID`, with a result as JSON or why it failed. */
  readonly children: Map<string, { readonly state: 'pending' | 'processed' | 'failed'; readonly value?: string }>;
  /** Results of its steps, as JSON. */
  readonly steps: Map<string, string>;
}

/** As BullMQ's backends hand it over. */
export function toJson(job: MemoryJob): JobJson {
  return {
    id: job.id,
    name: job.name,
    data: job.data,
    opts: JSON.parse(job.opts) as JobsOptions,
    progress: JSON.parse(job.progress) as JobProgress,
    attemptsMade: job.attemptsMade,
    attemptsStarted: job.attemptsStarted,
    timestamp: job.timestamp,
    delay: job.delay,
    priority: job.priority,
    stacktrace: job.stacktrace ?? '[]',
    returnvalue: job.result,
    stalledCounter: job.stalls,
    // BullMQ reads an empty reason as one.
    ...(job.failedReason === undefined ? ({} as { failedReason: string }) : { failedReason: job.failedReason }),
    ...(job.finishedOn !== undefined && { finishedOn: job.finishedOn }),
    ...(job.processedOn !== undefined && { processedOn: job.processedOn }),
    ...(job.processedBy !== undefined && { processedBy: job.processedBy }),
    ...(job.deferredFailure !== undefined && { deferredFailure: job.deferredFailure }),
    ...(job.parent !== undefined && { parentKey: `${job.parent.queue}:${job.parent.id}` }),
    ...(job.key !== undefined && { deduplicationId: job.key }),
  };
}
