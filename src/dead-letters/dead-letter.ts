import { createStoredScrubber, type AnyJobContract, type App } from '../contracts/index.ts';
import { isTooDeep, REDACTED, scrubStart, shortened, SHOWN_DEPTH, shownData } from '../privacy/index.ts';
import type { EngineJob } from '../engine/index.ts';
import { readMeta } from '../queue/index.ts';
import type { HistoryLine } from './attempt-record.ts';
import { fingerprintOf } from './fingerprint.ts';

/** What ended in failure, as lists show it. */
export interface DeadLetter {
  readonly kind: string;
  /** The kind as people call it: `Job`. */
  readonly what: string;
  /** A job's as people name it: its own, or `QUEUE/ID` for a job of another program. */
  readonly id: string;
  /** A job's name, an event's type. */
  readonly name: string;
  /** A job's queue; the subscription or the projection in which an event ended. */
  readonly queue: string;
  /** Milliseconds since 1970. */
  readonly enqueuedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly attemptsMade: number;
  /** Why it ended; sensitive values removed, and bounded. */
  readonly reason: string;
  /** What is wrong with what is stored of it; undefined for a sound one. */
  readonly damaged?: string | undefined;
  /** The same for the same cause. */
  readonly fingerprint: string;
}

/** With its data, redacted, and where it has been. */
export interface DeadLetterDetails extends DeadLetter {
  readonly data: unknown;
  readonly worker: string | undefined;
  /** One text an attempt since the last replay, oldest first. */
  readonly errors: readonly string[];
  readonly history: readonly HistoryLine[];
  readonly firstFailedAt: number | undefined;
  readonly replays: number;
  /** Where an event comes from; nothing for jobs. */
  readonly provenance: Readonly<Record<string, string | undefined>>;
}

/** Dead letters of one cause. */
export interface DeadLetterGroup {
  readonly kind: string;
  readonly what: string;
  readonly fingerprint: string;
  readonly name: string;
  readonly queue: string;
  /** Of the newest. */
  readonly reason: string;
  readonly count: number;
  readonly firstEndedAt: number | undefined;
  readonly lastEndedAt: number | undefined;
}

/** Ends that a contract or a person asked for: not failures, though the engine keeps them with those. */
const EXPECTED = /^JOB_(?:EXPIRED|CANCELLED)\b/;

export function isExpected({ reason }: Pick<DeadLetter, 'reason'>): boolean {
  return EXPECTED.test(reason);
}

export const JOB = { kind: 'job', what: 'Job' } as const;

const REASON_KEPT = 2_000;
const STACK_KEPT = 10_000;

/** Never throws: another program may have written anything in any field. */
export function deadLetterOf(app: App, queue: string, job: EngineJob): DeadLetter {
  const name = textOr('?', job.name).slice(0, 200);
  const reason = shortened(scrubStart(textOr('', job.failedReason), scrubberOf(app, job)), REASON_KEPT);
  return {
    ...JOB,
    id: job.id ?? '',
    name,
    queue,
    enqueuedAt: instant(job.timestamp),
    endedAt: instant(job.finishedOn),
    attemptsMade: Number.isSafeInteger(job.attemptsMade) ? job.attemptsMade : 0,
    reason,
    fingerprint: fingerprintOf({ jobName: name, error: errorClassOf(job), message: reason }),
    damaged: isTooDeep(job.data) ? `its data is nested deeper than ${SHOWN_DEPTH} levels` : undefined,
  };
}

export function detailsOf(app: App, queue: string, job: EngineJob, history: readonly HistoryLine[]): DeadLetterDetails {
  const scrub = scrubberOf(app, job);
  const shown = (text: string): string => shortened(scrubStart(text, scrub), STACK_KEPT);
  return {
    ...deadLetterOf(app, queue, job),
    data: shownData(contractOf(app, queue, job), versionOf(job), job.data),
    worker: job.processedBy === undefined ? undefined : textOr('?', job.processedBy),
    errors: tracesOf(job).map(shown),
    history: history.map(line => (line.what === 'failed' ? { ...line, message: shown(line.message) } : line)),
    firstFailedAt: history.find(({ what }) => what === 'failed')?.at,
    replays: history.filter(({ what }) => what === 'replayed').length,
    provenance: {},
  };
}

/** One of which no more can be read than that it is there. */
export function damagedLetter(queue: string, id: string, endedAt: number | undefined, damaged: string): DeadLetter {
  return {
    ...JOB,
    id,
    name: '?',
    queue,
    enqueuedAt: undefined,
    endedAt,
    attemptsMade: 0,
    reason: damaged,
    fingerprint: 'unreadable',
    damaged,
  };
}

export function damagedDetails(letter: DeadLetter): DeadLetterDetails {
  const nothing = { worker: undefined, errors: [], history: [], firstFailedAt: undefined, replays: 0, provenance: {} };
  return { ...letter, data: REDACTED, ...nothing };
}

/** Undefined for a job of that name in another queue, which is another program's. */
function contractOf(app: App, queue: string, job: EngineJob): AnyJobContract | undefined {
  const contract = app.jobs.get(job.name);
  return contract?.queue === queue ? contract : undefined;
}

/** Scrubbed when it was stored, by the contract as it was then: it may name more fields now. */
function scrubberOf(app: App, job: EngineJob): (text: string) => string {
  const contract = app.jobs.get(job.name);
  return contract === undefined
    ? text => text
    : createStoredScrubber(contract, { version: versionOf(job), data: job.data });
}

function versionOf(job: EngineJob): number {
  return readMeta(job.opts.telemetry?.metadata).version;
}

/** The class stands at the start of a stack. */
function errorClassOf(job: EngineJob): string {
  return /^[A-Za-z_$][\w$]{0,80}(?=:|$)/m.exec((tracesOf(job).at(-1) ?? '').slice(0, STACK_KEPT))?.[0] ?? 'Error';
}

function tracesOf({ stacktrace }: EngineJob): readonly string[] {
  const traces: unknown = stacktrace;
  return Array.isArray(traces) ? traces.filter(trace => typeof trace === 'string') : [];
}

function textOr(other: string, value: unknown): string {
  return typeof value === 'string' ? value : other;
}

/** Milliseconds since 1970 that a date can hold. */
function instant(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= 8.64e15 ? value : undefined;
}
