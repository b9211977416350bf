import type { Engine, EngineQueue } from '../../engine/index.ts';
import { readQueues, type Pause, type QueueFigures as StoredFigures } from '../../queue/index.ts';
import { liveWorkers, type LiveWorker } from './live-workers.ts';

export interface QueueFigures extends StoredFigures {
  readonly workers: number | undefined;
}

export interface Overview {
  readonly queues: readonly QueueFigures[];
  /** What of them is paused, by whom and why. */
  readonly pauses?: readonly Pause[];
  /** Worker processes that are alive; undefined where the engine does not say. */
  readonly workers: number | undefined;
}

/** Reads every queue at once. Rejects when the engine does not answer. */
export async function readOverview(engine: Engine, queues: ReadonlyMap<string, EngineQueue>): Promise<Overview> {
  const [{ figures, pauses }, workers] = await Promise.all([
    readQueues(engine, queues.keys()),
    Promise.all([...queues.values()].map(queue => liveWorkers(engine, queue))),
  ]);
  return {
    queues: figures.map((queue, at) => ({ ...queue, workers: workers[at]?.length })),
    pauses,
    workers: processes(workers),
  };
}

/** One process works on several queues under one name. */
function processes(lists: readonly (readonly LiveWorker[] | undefined)[]): number | undefined {
  const ours = new Set<string>();
  const others = new Set<string>();
  let unnamed = 0;
  for (const list of lists) {
    if (list === undefined) return undefined;
    for (const worker of list) {
      if (worker.name === null) unnamed += 1;
      else (worker.ours ? ours : others).add(worker.name);
    }
  }
  // PostgreSQL cuts long names of connections, so one that begins another is the same.
  const sorted = [...others].sort();
  const named = sorted.filter((name, index) => !(sorted[index + 1] ?? '').startsWith(name)).length;
  return ours.size + unnamed + named;
}
