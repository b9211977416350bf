import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, EngineQueue } from '../../engine/index.ts';
import { noteDiscarded } from '../batches/note-discarded.ts';
import { cancelJob } from '../cancel/cancel-job.ts';
import { readStoredJob } from '../views/read-stored-job.ts';
import { UndecodableJobError } from '../views/undecodable-job-error.ts';
import type { CheckedErase } from './check-erase.ts';
import type { ErasedCounts } from './erased.ts';

/** Jobs that are looked for in one trip, and erased before the next ones are. */
const A_PAGE = 100;
const AT_ONCE = 10;
const LOOK_EVERY_MS = 200;
/** New ones may come while it goes on; that a person's jobs never cease must not keep it for ever. */
const MOST_PASSES = 5;

type Add = (counts: Partial<ErasedCounts>) => void;

/** Erases the jobs of the engine that carry one of the lists of digests. Answers the ids of those that would not end in time. */
export async function eraseJobs(
  engine: Engine,
  digests: readonly (readonly string[])[],
  { running, timeoutMs, by, signal }: CheckedErase,
  add: Add,
): Promise<readonly string[]> {
  const left = new Set<string>();
  const names = await engine.queueNames();
  const until = performance.now() + timeoutMs;
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    let found = 0;
    left.clear();
    for (const name of names) {
      const queue = await engine.queue(name);
      for await (const ids of pagesOf(engine, name, digests, signal)) {
        found += ids.length;
        // All at once: each that runs is told before the first is waited for.
        if (running === 'cancel') await eachOf(ids, id => cancelRunning(engine, queue, id, by));
        await eachOf(ids, async id => {
          if (!(await eraseJob(engine, queue, id, until, add))) left.add(id);
        });
        signal?.throwIfAborted();
      }
    }
    if (found === 0 || found === left.size) break;
  }
  return [...left];
}

async function* pagesOf(
  engine: Engine,
  name: string,
  digests: readonly (readonly string[])[],
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly string[]> {
  const turns = await engine.turns(name);
  for (const form of digests) {
    let before: string | undefined;
    do {
      signal?.throwIfAborted();
      const page = await turns.tagged({ digests: form, most: A_PAGE, before });
      if (page.ids.length > 0) yield page.ids;
      before = page.next;
    } while (before !== undefined);
  }
}

async function eachOf(ids: readonly string[], act: (id: string) => Promise<void>): Promise<void> {
  for (let at = 0; at < ids.length; at += AT_ONCE) await Promise.all(ids.slice(at, at + AT_ONCE).map(act));
}

async function cancelRunning(engine: Engine, queue: EngineQueue, id: string, by: string): Promise<void> {
  if ((await queue.getJobState(id)) === 'active') await cancelJob(engine, id, { reason: 'its data is erased', by });
}

/** False where it still ran when the time was over. Gone is erased. */
async function eraseJob(engine: Engine, queue: EngineQueue, id: string, until: number, add: Add): Promise<boolean> {
  const place = { queue: queue.name, id };
  const turns = await engine.turns(queue.name);
  let hasRun = false;
  for (;;) {
    const state = await queue.getJobState(id);
    if (state === 'unknown') return true;
    if (state === 'active') {
      hasRun = true;
      if (performance.now() >= until) return false;
      await sleep(LOOK_EVERY_MS, undefined, { ref: true });
      continue;
    }
    const job = await readStoredJob(queue, id).catch((error: unknown) => {
      // What cannot be read is removed all the same.
      if (error instanceof UndecodableJobError) return undefined;
      throw error;
    });
    const [steps, logs] = await Promise.all([turns.stepNames(id), queue.getJobLogs(id, 0, 0)]);
    if ((await removed(queue, id)) !== 1) {
      // It was taken in between, or a child of its is run.
      if (performance.now() >= until) return false;
      await sleep(LOOK_EVERY_MS, undefined, { ref: true });
      continue;
    }
    const results = await (await engine.ends()).forget([place]);
    if (job !== undefined) await noteDiscarded(engine, job);
    const as = hasRun ? 'running' : state === 'completed' ? 'succeeded' : state === 'failed' ? 'dead' : 'waiting';
    add({ [as]: 1, steps: steps.length, logLines: logs.count, results });
    return true;
  }
}

/** 1 where it was removed. BullMQ says that it cannot by an answer or by an error, as the engine has it. */
async function removed(queue: EngineQueue, id: string): Promise<number> {
  try {
    return await queue.remove(id);
  } catch (error) {
    if (error instanceof Error && /locked|could not be removed/i.test(error.message)) return 0;
    throw error;
  }
}
