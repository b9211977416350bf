import type { JobsOptions } from 'bullmq';
import type { TakenJob, UnfinishedJob, UnfinishedState } from '../../../turns/index.ts';
import type { UnfinishedRow } from './sql/unfinished-sql.ts';

/** A row of a turn that is a job. Numbers of 64 bits are texts in the driver. */
export interface JobRow {
  readonly id: string;
  readonly token: string;
  readonly name: string;
  readonly data: string;
  readonly opts: string;
  readonly attempts_made: number;
  readonly attempts_started: number;
  readonly added_at: string;
  readonly progress: string | null;
  readonly stacktrace: string | null;
  readonly deferred_failure: string | null;
  readonly scheduler_id: string | null;
}

export function readJob(row: JobRow): TakenJob {
  const taken = {
    id: row.id,
    token: row.token,
    name: row.name,
    timestamp: Number(row.added_at),
    attemptsMade: row.attempts_made,
    attemptsStarted: row.attempts_started,
    progress: row.progress === null ? 0 : parsed(row.progress),
    stacktrace: row.stacktrace === null ? [] : textsOf(parsed(row.stacktrace)),
    deferredFailure: row.deferred_failure ?? undefined,
    repeatJobKey: row.scheduler_id ?? undefined,
  };
  // The column is jsonb: what stands in it is JSON, but another program may have written any.
  const opts = parsed(row.opts);
  if (!isOptions(opts)) {
    return { ...taken, kind: 'broken', opts: {}, data: {}, complaint: 'its stored options are not an object' };
  }
  return { ...taken, kind: 'sound', opts, data: parsed(row.data) };
}

export function unfinishedJob(row: UnfinishedRow, written: string, state: UnfinishedState): UnfinishedJob {
  const opts = parsed(written);
  return {
    id: row.id,
    name: row.name,
    state,
    timestamp: Number(row.added_at),
    startedAt: row.started_at === null ? undefined : Number(row.started_at),
    opts: isOptions(opts) ? opts : {},
  };
}

/** Which set a walk is in, and behind which place of it. */
export function placeOfWalk(from: string | undefined): {
  readonly nth: number;
  readonly behind: readonly [string, string] | undefined;
} {
  const [nth, major, minor]: readonly unknown[] = from === undefined ? [0] : (JSON.parse(from) as unknown[]);
  const behind = major === undefined ? undefined : ([String(major), String(minor)] as const);
  return { nth: Number(nth), behind };
}

/** The server answers with JSON alone. */
function parsed(json: string): unknown {
  return JSON.parse(json);
}

function isOptions(opts: unknown): opts is JobsOptions {
  return typeof opts === 'object' && opts !== null && !Array.isArray(opts);
}

function textsOf(texts: unknown): string[] {
  return Array.isArray(texts) ? texts.filter(text => typeof text === 'string') : [];
}
