import { hasCode } from '../errors/index.ts';
import type { DeadLetterReport } from '../dead-letters/index.ts';
import { isUnreachable } from '../resilience/index.ts';
import { cancelJob, placeOf, UndecodableJobError, type Client } from '../queue/index.ts';
import type { BulkTask } from './bulk-task.ts';
import { isMeant } from './is-meant.ts';
import { matchingUnfinished, type Where } from './matching-unfinished.ts';

export interface UnfinishedAct extends Where {
  readonly client: Pick<Client, 'update'>;
  /** Awaited before each. */
  readonly pace: () => Promise<void>;
  readonly signal: AbortSignal;
  readonly onDone: () => void;
}

type Task = Pick<BulkTask, 'what' | 'filter' | 'by' | 'reason' | 'startedAt'>;

/** What changes its state while a walk lasts may be missed by it: another one looks for those. */
const WALKS = 20;
const NO_BOUND = { jobs: Infinity, reads: Infinity };

/** `passed`: it needs nothing, or is not meant any more. */
type Came = 'done' | 'passed' | { readonly why: string };

/** Cancels, or starts, all that match: walks until one finds nothing left to do. */
export async function actOnUnfinished(task: Task, act: UnfinishedAct): Promise<DeadLetterReport> {
  const { signal, onDone } = act;
  const done = new Set<string>();
  const skipped = new Map<string, string>();
  for (let walk = 0, before = -1; walk < WALKS && done.size > before; walk += 1) {
    before = done.size;
    for await (const { id } of matchingUnfinished(act, task.what, task.filter, task.startedAt, NO_BOUND)) {
      signal.throwIfAborted();
      // One that was started waits on until somebody moves it.
      if (skipped.has(id) || done.has(id)) continue;
      const came = await actOn(id, task, act);
      if (came === 'passed') continue;
      if (came === 'done') {
        done.add(id);
        onDone();
      } else skipped.set(id, came.why);
    }
  }
  return {
    matched: done.size + skipped.size,
    done: [...done],
    skipped: [...skipped].map(([id, why]) => ({ id, why })),
  };
}

async function actOn(id: string, task: Task, { engine, client, pace, signal }: UnfinishedAct): Promise<Came> {
  const place = placeOf(id);
  if (place === undefined) return { why: 'its id cannot be read' };
  const { what, by, reason = 'no longer wanted' } = task;
  try {
    if (!(await isMeant(engine, place, task))) return 'passed';
    await pace();
    // It may have begun, ended or been put back by somebody meanwhile.
    if (!(await isMeant(engine, place, task))) return 'passed';
    if (what === 'cancel') return (await cancelJob(engine, id, { reason, by })) === 'requested' ? 'done' : 'passed';
    await client.update(id, { at: new Date(Math.floor(engine.clock.now())) });
    return 'done';
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UndecodableJobError) return { why: 'what is stored of it is damaged' };
    if (isUnreachable(error)) throw error;
    // It went between the last look and the act. One job is no reason to give up the others.
    if (!(await isMeant(engine, place, task))) return 'passed';
    if (hasCode(error, 'UPDATE_REFUSED') || hasCode(error, 'INVALID_OPTIONS')) return { why: error.message };
    return { why: 'the engine refused' };
  }
}
