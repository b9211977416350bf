import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../../contracts/index.ts';
import { storedKeyOf, type Engine, type EngineJob, type EngineQueue } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import type { PayloadCipher } from '../../privacy/index.ts';
import {
  ACT_MS,
  exclusively,
  inTheWayOf,
  isPutBackRefusal,
  isReplayedSince,
  noteDiscarded,
  putBack,
  replayedAs,
  readStoredJob,
  shownJobId,
  UndecodableJobError,
  unfit,
} from '../../queue/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import type { CauseIndex } from '../causes/cause-index.ts';
import type { DeadLetterReport } from '../dead-letter-report.ts';
import type { DiscardAct, ReplayAct } from '../letter-source.ts';

/** One to act on, as it was found; undefined where it was not. */
export interface Target {
  readonly id: string;
  readonly queue: string | undefined;
  readonly endedAt: number | undefined;
}

export interface ActedOnJobs {
  readonly engine: Engine;
  readonly app: App;
  readonly facts: Facts;
  readonly index: CauseIndex;
  readonly targets: AsyncIterable<Target>;
}

/** One that is in the failed set, with the end that was meant. */
interface Letter {
  readonly id: string;
  readonly queue: EngineQueue;
  readonly endedAt: number;
}

const AGAIN_MS = 500;
/** Where the order does not matter, and nothing has a pace. */
const AT_ONCE = 50;
const BUSY = 'somebody else is acting on it';
const FAILED_AGAIN = 'it was replayed meanwhile, and has failed again';
const GONE = 'it is no dead letter any more';
const UNREADABLE = 'what is stored of it is damaged: it can only be discarded';

/** Puts each back with fresh attempts; its history is kept. */
export async function replayJobs(
  on: ActedOnJobs,
  { by, dryRun, pace, notSince = Infinity, signal, onDone }: ReplayAct,
): Promise<DeadLetterReport> {
  const { engine, app, facts, index } = on;
  const state = await openState(engine);
  return each(on, { signal, onDone, atOnce: dryRun ? AT_ONCE : 1 }, async ({ id, queue, endedAt }) => {
    const job = await readStoredJob(queue, id).catch(damaged);
    if (job === 'damaged') return UNREADABLE;
    if (job === undefined) return GONE;
    if (isReplayedSince(job, notSince)) return FAILED_AGAIN;
    const why = await whyUnfit(app, engine.cipher, queue.name, job, engine.clock.now());
    if (why !== undefined || dryRun) return why;
    await pace();
    const refused = await acting(state, shownJobId({ queue: queue.name, id }), async () => {
      if (!(await isStill(index, queue.name, id, endedAt))) return GONE;
      const other = await inTheWayOf(engine, queue, job, 'failed');
      if (other?.reason === 'replayed') return replayedAnew(other.id);
      if (other !== undefined) return `its key stands for job ${other.id}, which was enqueued since`;
      await putBack({ engine, state, queue }, job, 'failed', by);
      return undefined;
    });
    if (refused !== undefined) return refused;
    // What is not counted now is found in the background.
    await index.drop(queue.name, [{ id, endedAt }]).catch(() => undefined);
    report(() => facts.emit('job.replayed', { jobId: id, jobName: job.name, queue: queue.name, by }));
    return undefined;
  });
}

/** Removes each for good, damaged ones too. */
export async function discardJobs(
  on: ActedOnJobs,
  { by, reason, dryRun, notSince = Infinity, signal, onDone }: DiscardAct,
): Promise<DeadLetterReport> {
  const { engine, facts, index } = on;
  const state = await openState(engine);
  return each(on, { signal, onDone, atOnce: AT_ONCE }, async ({ id, queue, endedAt }) => {
    if (dryRun) return undefined;
    const job = await readStoredJob(queue, id).catch(damaged);
    if (typeof job === 'object' && isReplayedSince(job, notSince)) return FAILED_AGAIN;
    const refused = await acting(state, shownJobId({ queue: queue.name, id }), async () => {
      if (!(await isStill(index, queue.name, id, endedAt))) return GONE;
      // Whoever made another job of it was killed before that had its place: that one runs, and this one goes then.
      const made = typeof job === 'object' ? await replayedAs(queue, job) : undefined;
      if (made !== undefined) return replayedAnew(made);
      await queue.remove(id);
      if (typeof job === 'object') await noteDiscarded(engine, job);
      // BullMQ has freed its key. What a caller has asked for once stays answered.
      const key = typeof job === 'object' ? storedKeyOf(job.opts) : undefined;
      if (key?.always === true) {
        const { id: keyId, for: forMs, data } = key;
        await (await engine.turns(queue.name)).holdKey(id, { id: keyId, forMs, data });
      }
      return undefined;
    });
    if (refused !== undefined) return refused;
    await index.drop(queue.name, [{ id, endedAt }]).catch(() => undefined);
    const name: unknown = job === undefined || job === 'damaged' ? undefined : job.name;
    const jobName = typeof name === 'string' ? name : '?';
    report(() => facts.emit('job.discarded', { jobId: id, jobName, queue: queue.name, by, reason }));
    return undefined;
  });
}

interface EachOptions {
  readonly signal: AbortSignal | undefined;
  readonly onDone: (() => void) | undefined;
  readonly atOnce: number;
}

/**
 * Acts on every target once; those that somebody else holds again and again until that can be nobody any more: a process that was killed
 * in the middle of one leaves it claimed for ACT_MS.
 */
async function each(
  { engine, index, targets }: ActedOnJobs,
  { signal, onDone, atOnce }: EachOptions,
  act: (letter: Letter) => Promise<string | undefined>,
): Promise<DeadLetterReport> {
  const done: string[] = [];
  const skipped = new Map<string, string>();
  const seen = new Set<string>();
  const batch: Target[] = [];
  let busy: Target[] = [];
  const tryOne = async (target: Target): Promise<void> => {
    const { id, queue: name, endedAt } = target;
    const shown = name === undefined ? id : shownJobId({ queue: name, id });
    const now = name === undefined ? undefined : (await index.ends(name, [id])).get(id);
    const why =
      name === undefined || now === undefined || endedAt === undefined
        ? 'it is no dead letter'
        : now !== endedAt
          ? FAILED_AGAIN
          : await act({ id, queue: await engine.queue(name), endedAt });
    if (why === BUSY) busy.push(target);
    if (why === undefined) {
      done.push(shown);
      onDone?.();
      skipped.delete(shown);
    } else skipped.set(shown, why);
  };
  for await (const target of targets) {
    signal?.throwIfAborted();
    const key = `${target.queue}/${target.id}`;
    // Replayed, and failed again in the meantime: that is another failure.
    if (seen.has(key)) continue;
    seen.add(key);
    batch.push(target);
    if (batch.length === atOnce) await Promise.all(batch.splice(0).map(tryOne));
  }
  await Promise.all(batch.map(tryOne));
  for (let waitedMs = 0; busy.length > 0 && waitedMs <= ACT_MS; waitedMs += AGAIN_MS) {
    await sleep(AGAIN_MS, undefined, signal && { signal });
    const again = busy;
    busy = [];
    for (const target of again) {
      signal?.throwIfAborted();
      await tryOne(target);
    }
  }
  return { matched: seen.size, done, skipped: [...skipped].map(([id, why]) => ({ id, why })) };
}

/** Why a job cannot run again, found out before it is put back. */
async function whyUnfit(
  app: App,
  cipher: PayloadCipher,
  queue: string,
  job: EngineJob,
  now: number,
): Promise<string | undefined> {
  const name: unknown = job.name;
  if (typeof name !== 'string') return UNREADABLE;
  const contract = app.jobs.get(name);
  if (contract === undefined) return `this release knows no job "${name.slice(0, 100)}"`;
  if (contract.queue !== queue) return `this release knows the job in queue "${contract.queue}" alone`;
  const why = await unfit(cipher, contract, job, now);
  if (why === undefined) return undefined;
  if (why === 'expired') return 'it has expired';
  const forgets = contract.retention.forget.length > 0;
  return forgets ? 'what it needs was forgotten when it ended' : 'its data fits no known version';
}

/** Somebody else may have replayed it since it was found, and it may have failed again: that failure is not the one that was meant. */
async function isStill(index: CauseIndex, queue: string, id: string, endedAt: number): Promise<boolean> {
  return (await index.ends(queue, [id])).get(id) === endedAt;
}

function replayedAnew(id: string): string {
  return `it was replayed with other data, as job ${id}`;
}

/** Acts while nobody else does. Answers why not. */
async function acting(
  state: StateStore,
  job: string,
  act: () => Promise<string | undefined>,
): Promise<string | undefined> {
  try {
    const answer = await exclusively(state, job, act);
    return answer === 'busy' ? BUSY : answer;
  } catch (error) {
    return isPutBackRefusal(error) ? GONE : 'the engine refused';
  }
}

function damaged(error: unknown): 'damaged' {
  if (error instanceof UndecodableJobError) return 'damaged';
  throw error;
}

/** It is done: a listener that fails changes nothing. */
function report(state: () => void): void {
  try {
    state();
  } catch {
    // A program that brings facts of its own is to blame.
  }
}
