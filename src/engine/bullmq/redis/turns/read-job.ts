import type { GroupedOptions, TakenJob, UnfinishedJob, UnfinishedState } from '../../../turns/index.ts';
import { readOptions } from './options.ts';

/** A job's hash, as far as a worker looks at it, in the order in which a turn answers it. */
export const TAKEN_FIELDS = [
  'data',
  'ats',
  'defa',
  'name',
  'opts',
  'timestamp',
  'atm',
  'attemptsMade',
  'progress',
  'stacktrace',
  'rjk',
  'parent',
] as const;

export type StoredJob = Partial<Record<(typeof TAKEN_FIELDS)[number], string>>;

/** Fields that BullMQ reads as JSON wherever it reads a job: one that is none breaks every list that the job is in. */
export const PARSED = ['opts', 'progress', 'parent'] as const;

export interface ReadJob {
  readonly job: TakenJob;
  /** Which of them are no JSON. */
  readonly unreadable: readonly (typeof PARSED)[number][];
}

/** `values`: one for each of `TAKEN_FIELDS`. */
export function storedJob(values: readonly unknown[]): StoredJob {
  const stored: StoredJob = {};
  for (const [index, field] of TAKEN_FIELDS.entries()) {
    const value = values[index];
    if (typeof value === 'string') stored[field] = value;
  }
  return stored;
}

/** `wasBefore`: the hash is as it was before the take, which counts as one start more. */
export function readJob(id: string, token: string, stored: StoredJob, wasBefore: boolean, now: number): ReadJob {
  const unreadable: (typeof PARSED)[number][] = [];
  const parsed = (field: (typeof PARSED)[number], otherwise: unknown): unknown => {
    const text = stored[field];
    if (text === undefined || text === '') return otherwise;
    try {
      return field === 'opts' ? readOptions(text) : (JSON.parse(text) as unknown);
    } catch {
      unreadable.push(field);
      return otherwise;
    }
  };
  const opts = parsed('opts', {});
  const progress = parsed('progress', 0);
  if (stored.parent !== undefined) parsed('parent', undefined);
  const timestamp = Number(stored.timestamp ?? Number.NaN);
  const taken = {
    id,
    token,
    name: stored.name ?? '',
    opts: typeof opts === 'object' && opts !== null ? opts : {},
    timestamp: Number.isFinite(timestamp) ? timestamp : now,
    attemptsMade: countOf(stored.attemptsMade ?? stored.atm),
    attemptsStarted: countOf(stored.ats) + (wasBefore ? 1 : 0),
    progress,
    stacktrace: stored.stacktrace === undefined ? [] : textsOf(stored.stacktrace),
    deferredFailure: stored.defa === '' ? undefined : stored.defa,
    repeatJobKey: stored.rjk,
  };
  const complaint = complaintOf(stored, unreadable, timestamp);
  if (complaint !== undefined) return { job: { ...taken, kind: 'broken', data: {}, complaint }, unreadable };
  try {
    return { job: { ...taken, kind: 'sound', data: JSON.parse(stored.data || '{}') as unknown }, unreadable };
  } catch (cause) {
    return { job: { ...taken, kind: 'broken', data: {}, complaint: notJson(cause, stored.data ?? '') }, unreadable };
  }
}

/** Five texts a job, as UNFINISHED_SCRIPT answers them. */
export function unfinishedJobs(fields: readonly string[], state: UnfinishedState): readonly UnfinishedJob[] {
  const jobs: UnfinishedJob[] = [];
  for (let at = 0; at < fields.length; at += 5) {
    const [id = '', name = '', timestamp, startedAt, opts = ''] = fields.slice(at, at + 5);
    const started = startedAt === '' ? undefined : Number(startedAt);
    jobs.push({ id, name, state, timestamp: Number(timestamp), startedAt: started, opts: optionsIn(opts) });
  }
  return jobs;
}

function optionsIn(text: string): GroupedOptions {
  try {
    return readOptions(text);
  } catch {
    return {};
  }
}

function complaintOf(stored: StoredJob, unreadable: readonly string[], timestamp: number): string | undefined {
  if (unreadable.length > 0) return `its stored ${unreadable.join(' and ')} cannot be read as JSON`;
  if (stored.name === undefined) return 'the stored job has no name';
  return Number.isFinite(timestamp) ? undefined : 'the stored job has no timestamp';
}

/** The parser's message quotes what it read: only the place is taken from it. */
function notJson(cause: unknown, text: string): string {
  const position = cause instanceof Error ? /at position (\d+)/.exec(cause.message)?.[1] : undefined;
  const where = position === undefined ? '' : `, reading failed at position ${position}`;
  return `the stored data is not JSON (${text.length} characters${where})`;
}

function countOf(text: string | undefined): number {
  const count = Number(text ?? 0);
  return Number.isFinite(count) ? count : 0;
}

function textsOf(json: string): string[] {
  try {
    const texts: unknown = JSON.parse(json);
    return Array.isArray(texts) ? texts.filter(text => typeof text === 'string') : [];
  } catch {
    return [];
  }
}
