import { marksOf, progressIn, UndecodableJobError, withMarks } from '../../queue/index.ts';
import { decodePayload, type AnyJobContract } from '../../contracts/index.ts';
import { readableItems, type ReadableItems } from './chunks/readable-items.ts';
import { JobExpiredError } from './job-expired-error.ts';
import { UnknownJobError } from './unknown-job-error.ts';
import type { Assignment, RunContext } from './run-context.ts';
import type { Outcome } from './outcome.ts';
import { withoutKey } from './encrypted/without-key.ts';

/** A job that this release does not know waits so long for one that does, looked at every half minute. Counted anew once one has taken it. */
const UNKNOWN_FOR_MS = 3_600_000;
const UNKNOWN_AGAIN_MS = 30_000;

export interface Admitted {
  readonly kind: 'admitted';
  readonly assignment: Assignment;
  readonly data: unknown;
  /** Of a chunk in which some items cannot be read: the others. */
  readonly readable?: ReadableItems;
}

/** Decides whether a job may run: known, readable, not too old. What it may not has its outcome. */
export async function admit(run: RunContext): Promise<Admitted | Outcome> {
  const { assignment, job, meta, undecrypted } = run;
  // Before the name: a half-written job may have lost that too, and no release will ever know it.
  if (job.kind === 'broken') return undecodable(job.name, job.complaint);
  const { cancel, since } = marksOf(job.progress);
  if (cancel !== undefined) return { kind: 'cancelled', reason: cancel.reason, begun: false };
  if (assignment === undefined) return waitForRelease(run, 'the name');
  const { contract } = assignment;
  // Of a newer version another key may be of no use here.
  const isNewer = meta.version > contract.version;
  if (undecrypted?.kind === 'missing-key' && !isNewer) return withoutKey(run, contract, undecrypted.keyId);
  if (undecrypted?.kind === 'damaged' && !isNewer) return undecodable(contract.name, notDecrypted(undecrypted.path));
  const decoded = await decodePayload(contract, meta.version, run.data);
  if (decoded.kind === 'newer-version') return waitForRelease(run, `version ${decoded.version}`);
  const { chunk } = contract;
  const isChunk = decoded.kind === 'unreadable' && chunk !== undefined;
  const readable = isChunk ? readableItems(chunk, meta.version, run.data) : undefined;
  if (decoded.kind === 'unreadable' && readable === undefined) return undecodable(contract.name, decoded.detail);
  if (isExpired(run, contract)) {
    const error = new JobExpiredError(contract.name, run.startedAt - job.timestamp, contract.expiresAfterMs ?? 0);
    return { kind: 'dead', reason: 'expired', error, begun: false };
  }
  // Found: should the job come back to a release that does not know it, after a rollback, that one's hour begins then.
  if (since !== undefined) await run.at.clearNote(job.id, progressIn(job.progress) ?? 0);
  if (readable !== undefined) return { kind: 'admitted', assignment, data: readable.data, readable };
  return { kind: 'admitted', assignment, data: decoded.kind === 'data' ? decoded.data : undefined };
}

export function isExpired({ at, job, startedAt }: RunContext, { expiresAfterMs }: AnyJobContract): boolean {
  return expiresAfterMs !== undefined && startedAt - job.timestamp > expiresAfterMs && !at.clockDoubted();
}

function notDecrypted(path: string): string {
  return `${path}: does not decrypt with the key that it names: it is of another contract, field or namespace, or was changed`;
}

function undecodable(name: string, detail: string): Outcome {
  return { kind: 'dead', reason: 'undecodable', error: new UndecodableJobError(name, detail), begun: false };
}

function waitForRelease({ at, job, startedAt }: RunContext, what: string): Outcome {
  const marks = marksOf(job.progress);
  const { since = startedAt } = marks;
  if (startedAt - since >= UNKNOWN_FOR_MS) {
    const error = new UnknownJobError(at.queue, job.name, what, startedAt - since);
    return { kind: 'dead', reason: 'unknown-contract', error, begun: false };
  }
  return {
    kind: 'snoozed',
    untilMs: startedAt + UNKNOWN_AGAIN_MS,
    reason: `this release does not know ${what}`,
    alarm: true,
    // It is also what a person sees on the board.
    note: withMarks(progressIn(job.progress), { ...marks, waitingForRelease: what, since }),
  };
}
