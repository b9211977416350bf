import type { Engine, EngineJob, JobPlace } from '../../engine/index.ts';
import { noteDiscarded } from '../batches/note-discarded.ts';
import { shownJobId } from '../ids/job-id.ts';
import { endReasonOf } from '../meta/end-reason.ts';
import { readStoredJob } from '../views/read-stored-job.ts';
import { UndecodableJobError } from '../views/undecodable-job-error.ts';
import type { ErasedCounts } from './erased.ts';

/** A job that is about to be removed, or a child of it, which goes with it. */
export interface Relative {
  readonly place: JobPlace;
  /** As the engine calls it; `unknown`: it is gone, and a result of it may still be kept. */
  readonly state: string;
  /** Undefined where it cannot be read: it is removed all the same. */
  readonly job: EngineJob | undefined;
  readonly steps: number;
  readonly logLines: number;
}

/** The job, then its children and theirs: the engine removes them together. */
export async function familyOf(engine: Engine, of: JobPlace): Promise<readonly Relative[]> {
  const ends = await engine.ends();
  const family: Relative[] = [];
  const seen = new Set([shownJobId(of)]);
  const left: JobPlace[] = [of];
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    family.push(await relativeAt(engine, place));
    for (const { queue, id } of await ends.children(place)) {
      const name = shownJobId({ queue, id });
      if (!seen.has(name)) left.push({ queue, id });
      seen.add(name);
    }
  }
  return family;
}

async function relativeAt(engine: Engine, { queue: name, id }: JobPlace): Promise<Relative> {
  const place = { queue: name, id };
  const queue = await engine.queue(name);
  const state = await queue.getJobState(id);
  if (state === 'unknown') return { place, state, job: undefined, steps: 0, logLines: 0 };
  const [job, steps, logs] = await Promise.all([
    readStoredJob(queue, id).catch((error: unknown) => {
      if (error instanceof UndecodableJobError) return undefined;
      throw error;
    }),
    (await engine.turns(name)).stepNames(id),
    queue.getJobLogs(id, 0, 0),
  ]);
  return { place, state, job, steps: steps.length, logLines: logs.count };
}

/** Once it is removed: drops what is kept beside it, tells its batch, and counts it. `hasRun`: it ran when it was met first. */
export async function noteErased(
  engine: Engine,
  { place, state, job, steps, logLines }: Relative,
  hasRun: boolean,
  add: (counts: Partial<ErasedCounts>) => void,
): Promise<void> {
  const results = await (await engine.ends()).forget([place]);
  if (state === 'unknown') {
    if (results > 0) add({ results });
    return;
  }
  const as = job && endForBatch(state, job);
  if (job !== undefined && as !== undefined) await noteDiscarded(engine, job, as);
  const kind = hasRun ? 'running' : state === 'completed' ? 'succeeded' : state === 'failed' ? 'dead' : 'waiting';
  add({ [kind]: 1, steps, logLines, results });
}

/** Undefined where the batch has an end of it that stands: what has succeeded has. */
function endForBatch(state: string, { failedReason }: EngineJob): 'discarded' | 'cancelled' | undefined {
  if (state === 'completed') return undefined;
  if (state !== 'failed') return 'cancelled';
  const reason = endReasonOf(failedReason ?? '');
  return reason === 'cancelled' || reason === 'expired' ? undefined : 'discarded';
}
