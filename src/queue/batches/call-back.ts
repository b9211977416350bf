import type { AnyJobContract, EnqueueOptions, JobRequest } from '../../contracts/index.ts';
import type { BatchStore, Callback, StoredBatch } from '../../engine/index.ts';
import { InvalidOptionsError, kindOf, kindOfThrown } from '../../errors/index.ts';
import type { Facts } from '../../facts/index.ts';
import type { PayloadCipher } from '../../privacy/index.ts';
import type { CausedBy } from '../ids/job-origin.ts';
import { isJobRequest } from '../prepare/check-requests.ts';
import type { Callbacks } from './batch-definition.ts';

/** What is to be called back, as it is kept with the batch. */
interface StoredCallback {
  readonly name: string;
  readonly data: unknown;
  readonly options: EnqueueOptions;
  /** Digests of what its job can be found by: whoever erases a person finds it. */
  readonly tags?: string;
}

/** One that will not be called (any more): what it would carry is kept no longer. */
interface OverCallback {
  readonly name: string;
  readonly over: true;
}

export type StoredCallbacks = Readonly<Partial<Record<Callback, StoredCallback | OverCallback>>>;

/** What is to be called back: as it was asked for, with the digests of its tags. */
export interface RequestedCallback {
  readonly request: JobRequest;
  readonly tags: string | undefined;
}

export type RequestedCallbacks = Readonly<Partial<Record<Callback, RequestedCallback>>>;

export function requestsOf(callbacks: Callbacks, batch: { readonly id: string; readonly name: string }) {
  const made = Object.entries(callbacks).map(
    ([callback, job]) => [callback, 'kind' in job ? job : requireMade(callback, () => job(batch))] as const,
  );
  return Object.fromEntries(made) as Readonly<Partial<Record<Callback, JobRequest>>>;
}

/** As whoever makes a batch writes them. */
const OPTIONS: Readonly<Partial<Record<string, string>>> = {
  success: 'onSuccess',
  complete: 'onComplete',
  death: 'onDeath',
} satisfies Record<Callback, string>;

/** A function that answers nothing, such as one that enqueues by itself, has made no job. */
function requireMade(callback: string, make: () => unknown): JobRequest {
  const expected = `Expected the function of a batch's ${OPTIONS[callback] ?? callback} to answer a job made by calling a contract, such as report({ ... })`;
  let made: unknown;
  try {
    made = make();
  } catch (cause) {
    throw new InvalidOptionsError(`${expected}, found that it threw ${kindOfThrown(cause)}.`, { cause });
  }
  if (isJobRequest(made)) return made;
  throw new InvalidOptionsError(`${expected}, got ${kindOf(made)}.`);
}

/** `jobs`: the digest of the batch's jobs, where the call has a key. @throws PayloadKeyMissingError */
export function writeCallbacks(cipher: PayloadCipher, requests: RequestedCallbacks, jobs?: string): string {
  const stored = Object.entries(requests).map(
    ([callback, { request, tags }]) =>
      [
        callback,
        {
          name: request.contract.name,
          data: cipher.encrypt(request.contract, request.data),
          options: request.options,
          tags,
        },
      ] as const,
  );
  return JSON.stringify({ ...Object.fromEntries(stored), jobs });
}

/** Never throws: a record may have been damaged. */
export function readCallbacks(batch: Pick<StoredBatch, 'callbacks'>): StoredCallbacks {
  const { jobs: _, ...callbacks } = storedIn(batch);
  return callbacks;
}

/** The digest of the jobs of a batch that was made by a call with a key; undefined where an earlier release made it. */
export function jobsDigestIn(batch: Pick<StoredBatch, 'callbacks'>): string | undefined {
  const { jobs } = storedIn(batch);
  return typeof jobs === 'string' ? jobs : undefined;
}

function storedIn({ callbacks }: Pick<StoredBatch, 'callbacks'>): StoredCallbacks & { readonly jobs?: unknown } {
  try {
    const stored: unknown = JSON.parse(callbacks);
    return typeof stored === 'object' && stored !== null ? stored : {};
  } catch {
    return {};
  }
}

/** What has come about and was not called back yet. */
function dueCallbacks({ open, ended, called }: StoredBatch): readonly Callback[] {
  const due: Callback[] = [];
  // One that has succeeded is over: what a member comes to that is run once more calls nothing back.
  if ((ended.dead > 0 || ended.discarded > 0) && !called.includes('success')) due.push('death');
  if (open === 0) due.push('complete');
  if (open === 0 && ended.succeeded + ended.skipped === totalOf(ended)) due.push('success');
  return due.filter(callback => !called.includes(callback));
}

/** Whether nothing that happens to its members can call anything back any more. */
export function isFinished(batch: StoredBatch): boolean {
  if (batch.endedAt === undefined) return false;
  const called: ReadonlySet<string> = new Set(batch.called);
  const open = Object.keys(readCallbacks(batch)).filter(callback => !called.has(callback));
  return called.has('success') ? open.every(callback => callback === 'death') : open.length === 0;
}

/** What is kept of a batch that is finished: that it had callbacks, without what they carried. */
function overCallbacks(batch: Pick<StoredBatch, 'callbacks'>): string {
  const over = Object.entries(readCallbacks(batch)).map(
    ([callback, { name }]) => [callback, { name, over: true } satisfies OverCallback] as const,
  );
  return JSON.stringify({ ...Object.fromEntries(over), jobs: jobsDigestIn(batch) });
}

/**
 * The callbacks without those that carry all digests of one of the lists, and how many those are. One that was called is kept as over; the others will
 * not be called.
 */
export function withoutTagged(
  batch: Pick<StoredBatch, 'callbacks' | 'called'>,
  lists: readonly (readonly string[])[],
): { readonly callbacks: string; readonly erased: number } {
  let erased = 0;
  const left = (['success', 'complete', 'death'] as const).flatMap(callback => {
    const stored = readCallbacks(batch)[callback];
    if (stored === undefined) return [];
    const tags = new Set('over' in stored || typeof stored.tags !== 'string' ? [] : stored.tags.split(' '));
    if (!lists.some(digests => digests.every(digest => tags.has(digest)))) return [[callback, stored] as const];
    erased += 1;
    return batch.called.includes(callback) ? [[callback, { name: stored.name, over: true }] as const] : [];
  });
  return { callbacks: JSON.stringify({ ...Object.fromEntries(left), jobs: jobsDigestIn(batch) }), erased };
}

function totalOf(ended: StoredBatch['ended']): number {
  return Object.values(ended).reduce((sum, count) => sum + count, 0);
}

export interface CallBack {
  readonly cipher: PayloadCipher;
  readonly store: BatchStore;
  readonly enqueueFrom: (from: CausedBy, requests: readonly JobRequest[]) => Promise<unknown>;
  /** Undefined where this release does not know the job: then it is left to one that does. */
  readonly contractOf: (name: string) => AnyJobContract | undefined;
  /** What cannot be queued, for another reason than an engine that is away, is given up. */
  readonly failed: (queue: string, error: unknown) => void;
  readonly isOutage: (error: unknown) => boolean;
  readonly facts: Facts;
}

/**
 * Queues what is due of a batch. Its id is made of the batch and of what is called back, so that two who do it at once queue one job; it is
 * noted with the batch afterwards. Answers whether all of it was done. Rejects while the engine is away.
 */
export async function callBack(on: CallBack, batch: StoredBatch): Promise<boolean> {
  const given = readCallbacks(batch);
  const done: Callback[] = [];
  let isAll = true;
  for (const callback of dueCallbacks(batch)) {
    const its = given[callback];
    const stored = its === undefined || 'over' in its ? undefined : its;
    const contract = stored === undefined ? undefined : on.contractOf(stored.name);
    const read = stored && contract && on.cipher.decrypt(contract, stored.data);
    // Left to a release that knows the job, and to a process that has the key.
    if ((stored !== undefined && contract === undefined) || read?.kind === 'missing-key') {
      isAll = false;
      continue;
    }
    if (callback === 'complete') emitEnded(on.facts, batch);
    if (stored !== undefined && contract !== undefined && read !== undefined) {
      const data = read.kind === 'data' ? read.data : stored.data;
      await queueOne(on, batch, callback, { ...stored, data }, contract);
    }
    done.push(callback);
  }
  if (done.length > 0) await on.store.calledBack(batch.id, done);
  if (isFinished({ ...batch, called: [...batch.called, ...done] })) {
    await on.store.finished(batch.id, overCallbacks(batch));
  }
  return isAll;
}

/** Two who find it out at once say it twice. */
function emitEnded(facts: Facts, { id, name, ended }: StoredBatch): void {
  const { succeeded, dead } = ended;
  facts.emit('batch.ended', { batchId: id, batchName: name, jobs: totalOf(ended), succeeded, dead });
}

async function queueOne(
  { enqueueFrom, failed, isOutage, facts }: CallBack,
  { id, name, at }: StoredBatch,
  callback: Callback,
  { data, options }: StoredCallback,
  contract: AnyJobContract,
): Promise<void> {
  try {
    await enqueueFrom({ id: `${id} ${callback}`, at: new Date(at) }, [
      { kind: 'job-request', contract, data, options },
    ]);
    facts.emit('batch.called-back', { batchId: id, batchName: name, callback, jobName: contract.name });
  } catch (error) {
    if (isOutage(error)) throw error;
    failed(contract.queue, error);
  }
}
