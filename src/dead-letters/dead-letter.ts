import { createStoredScrubber, type AnyJobContract, type App } from '../contracts/index.ts';
import { shownData } from '../privacy/index.ts';
import type { EngineJob } from '../engine/index.ts';
import { readMeta } from '../queue/index.ts';
import type { HistoryLine } from './attempt-record.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { DeadLetterKind } from './other-letters.ts';

/** What ended in failure, as lists show it. */
export interface DeadLetter {
  readonly kind: DeadLetterKind;
  readonly id: string;
  /** A job's name, an event's type. */
  readonly name: string;
  /** A job's queue; the subscription or the projection in which an event ended. */
  readonly queue: string;
  /** Milliseconds since 1970. */
  readonly enqueuedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly attemptsMade: number;
  /** Why it ended; sensitive values removed. */
  readonly reason: string;
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
  readonly kind: DeadLetterKind;
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

export function deadLetterOf(app: App, queue: string, job: EngineJob): DeadLetter {
  const { id = '', name, timestamp: enqueuedAt, finishedOn: endedAt, attemptsMade } = job;
  const reason = scrubberOf(app, job)(job.failedReason ?? '');
  const fingerprint = fingerprintOf({ jobName: name, error: errorClassOf(job), message: reason });
  return { kind: 'job', id, name, queue, enqueuedAt, endedAt, attemptsMade, reason, fingerprint };
}

export function detailsOf(app: App, queue: string, job: EngineJob, history: readonly HistoryLine[]): DeadLetterDetails {
  const scrub = scrubberOf(app, job);
  return {
    ...deadLetterOf(app, queue, job),
    data: shownData(contractOf(app, queue, job), versionOf(job), job.data),
    worker: job.processedBy,
    errors: (job.stacktrace ?? []).map(scrub),
    history: history.map(line => (line.what === 'failed' ? { ...line, message: scrub(line.message) } : line)),
    firstFailedAt: history.find(({ what }) => what === 'failed')?.at,
    replays: history.filter(({ what }) => what === 'replayed').length,
    provenance: {},
  };
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
  return /^[A-Za-z_$][\w$]{0,80}(?=:|$)/m.exec(job.stacktrace?.at(-1) ?? '')?.[0] ?? 'Error';
}
