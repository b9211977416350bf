import { hasCode } from '../errors/index.ts';
import type { DeadLetterReport } from '../dead-letters/index.ts';
import { cancelJob, cancelMarkOf, placeOf, readStoredJob, UndecodableJobError, type Client } from '../queue/index.ts';
import type { BulkTask } from './bulk-task.ts';
import { matchingUnfinished, type Where } from './matching-unfinished.ts';

export interface UnfinishedAct extends Where {
  readonly client: Pick<Client, 'update'>;
  /** Awaited before each. */
  readonly pace: () => Promise<void>;
  readonly signal: AbortSignal;
  readonly onDone: () => void;
}

/** What changes its state while a walk lasts may be missed by it: another one looks for those. */
const WALKS = 20;

/** `passed`: it needs nothing, or is not meant any more. */
type Came = 'done' | 'passed' | { readonly why: string };

/** Cancels, or starts, all that match: walks until one finds nothing left to do. */
export async function actOnUnfinished(
  task: Pick<BulkTask, 'what' | 'filter' | 'by' | 'reason' | 'startedAt'>,
  act: UnfinishedAct,
): Promise<DeadLetterReport> {
  const { signal, onDone } = act;
  const done: string[] = [];
  const skipped = new Map<string, string>();
  for (let walk = 0, before = -1; walk < WALKS && done.length > before; walk += 1) {
    before = done.length;
    for await (const { id } of matchingUnfinished(act, task.what, task.filter, task.startedAt, { jobs: 0 })) {
      signal.throwIfAborted();
      if (skipped.has(id)) continue;
      const came = await actOn(id, task, act);
      if (came === 'passed') continue;
      if (came === 'done') {
        done.push(id);
        onDone();
      } else skipped.set(id, came.why);
    }
  }
  return { matched: done.length + skipped.size, done, skipped: [...skipped].map(([id, why]) => ({ id, why })) };
}

async function actOn(
  id: string,
  { what, by, reason = 'no longer wanted', startedAt }: Pick<BulkTask, 'what' | 'by' | 'reason' | 'startedAt'>,
  { engine, client, pace }: UnfinishedAct,
): Promise<Came> {
  const place = placeOf(id);
  if (place === undefined) return { why: 'its id cannot be read' };
  try {
    const job = await readStoredJob(await engine.queue(place.queue), place.id);
    if (job === undefined) return 'passed';
    if (what === 'cancel') {
      // By this task before its carrier was killed, or by somebody else.
      if (cancelMarkOf(job.progress) !== undefined) return 'passed';
      await pace();
      return (await cancelJob(engine, id, { reason, by })) === 'requested' ? 'done' : 'passed';
    }
    // It has run since it was asked for: it waits for another try now.
    if ((job.processedOn ?? 0) >= startedAt || !(await job.isDelayed())) return 'passed';
    await pace();
    await client.update(id, { at: new Date(Math.floor(engine.clock.now())) });
    return 'done';
  } catch (error) {
    if (error instanceof UndecodableJobError) return { why: 'what is stored of it is damaged' };
    if (hasCode(error, 'UPDATE_REFUSED') || hasCode(error, 'INVALID_OPTIONS')) return { why: error.message };
    throw error;
  }
}
