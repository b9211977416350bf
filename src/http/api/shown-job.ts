import { ENCRYPTED, redactData } from '../../privacy/index.ts';
import { contractOf, readMeta, readStoredJob, redactionOf, type JobView } from '../../queue/index.ts';
import type { ReachedJob } from './reach-job.ts';
import type { RouteContext } from './route-context.ts';

/** A job as other programs see it; times as RFC 3339 has them. Never its data. */
export interface ShownJob {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly state: JobView['state'];
  readonly attemptsMade: number;
  readonly attempts: number;
  readonly correlationId: string;
  readonly tags: JobView['tags'];
  readonly enqueuedAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly waitsFor: JobView['waitsFor'] | null;
  /** What its handler said last of how far it is, without what its contract calls sensitive. */
  readonly progress: unknown;
  readonly deadReason: string | null;
  readonly lastError: string | null;
}

/** What of a job's result, progress and errors may be shown: nothing that its contract calls sensitive, by field or by value. */
export interface Shown {
  readonly text: (text: string) => string;
  readonly value: (value: unknown) => unknown;
  /** The same of what its handler returned; `[encrypted]` where that is stored so: what a run makes of a secret is one, and no field names it. */
  readonly result: (value: unknown) => unknown;
}

/** Asks the engine for the job as it is stored: of another version than this contract's nobody knows what in it is sensitive. */
export async function shownOf(
  { app, engine }: Pick<RouteContext, 'app' | 'engine'>,
  { view, contract }: ReachedJob,
): Promise<Shown> {
  const job = await readStoredJob(await engine.queue(view.queue), view.id);
  const { scrub, result } = redactionOf(job && contractOf(app, job), job?.data);
  // Its handler may give back fields of the data, also when the data is gone.
  const value = (given: unknown): unknown => (isObject(given) ? result(redactData(contract, given)) : result(given));
  const isEncrypted = contract.encrypt.length > 0 || readMeta(job?.opts.telemetry?.metadata).encrypted !== undefined;
  return {
    text: scrub,
    value,
    result: isEncrypted ? given => (given === null || given === undefined ? null : ENCRYPTED) : value,
  };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

export function shownJob({ view }: ReachedJob, shown: Shown): ShownJob {
  const { id, name, queue, state, attemptsMade, attempts, correlationId, tags } = view;
  return {
    id,
    name,
    queue,
    state,
    attemptsMade,
    attempts,
    correlationId,
    tags,
    enqueuedAt: new Date(view.enqueuedAt).toISOString(),
    startedAt: timeOf(view.startedAt),
    finishedAt: timeOf(view.finishedAt),
    waitsFor: view.waitsFor ?? null,
    progress: shown.value(view.progress) ?? null,
    deadReason: view.deadReason ?? null,
    lastError: view.lastError === undefined ? null : shown.text(view.lastError),
  };
}

function timeOf(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
