import type { EngineQueue } from '../../src/engine/index.ts';
import { isEngineAway } from '../http/engine-away.ts';

export interface LiveWorker {
  readonly id: string;
  /** As the worker process named itself; null when it did not. */
  readonly name: string | null;
  readonly ageSeconds: number;
}

/** Redis walks all its clients for this and every open page asks: once in so long is enough. */
const ASK_EVERY_MS = 3_000;

const answers = new WeakMap<
  EngineQueue,
  { readonly at: number; readonly workers: Promise<LiveWorker[] | undefined> }
>();

/** The workers that are connected to the queue; undefined where the engine does not say. */
export function liveWorkers(queue: EngineQueue): Promise<LiveWorker[] | undefined> {
  const known = answers.get(queue);
  if (known !== undefined && Date.now() - known.at < ASK_EVERY_MS) return known.workers;
  const workers = ask(queue);
  answers.set(queue, { at: Date.now(), workers });
  workers.catch(() => answers.delete(queue));
  return workers;
}

async function ask(queue: EngineQueue): Promise<LiveWorker[] | undefined> {
  const clients = await queue.getWorkers().catch((error: unknown) => {
    if (isEngineAway(error)) throw error;
    // An account that may not list clients can still see the queues.
    return undefined;
  });
  if (clients === undefined) return undefined;
  // Where the provider forbids the question BullMQ answers with one line that has a sentence for a name.
  if (clients.some(client => client['name']?.includes(' '))) return undefined;
  return clients.map((client, index) => {
    // Redis: the connection's name before BullMQ shortened it; PostgreSQL: the application's name.
    const connection = client['rawname'] ?? client['name'] ?? '';
    const mark = connection.indexOf(':w:');
    return {
      id: client['id'] ?? String(index),
      name: mark === -1 ? null : connection.slice(mark + 3),
      ageSeconds: Number(client['age'] ?? 0) || 0,
    };
  });
}
