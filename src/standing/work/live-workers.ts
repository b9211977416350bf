import type { Engine, EngineQueue } from '../../engine/index.ts';
import { readFleet, supervisedName, type Fleet, type FleetHost } from '../../runtime/index.ts';
import { isUnreachable } from '../../resilience/index.ts';
import { FLEET_FRESH_MS } from './intervals.ts';

export interface LiveWorker {
  readonly id: string;
  /** As the worker process named itself; null when it did not. */
  readonly name: string | null;
  readonly ageSeconds: number;
  /** A process of one of our hosts; else the connection of another program. */
  readonly ours: boolean;
}

/** Redis walks all its clients for this and every open page asks: once in so long is enough. */
const ASK_EVERY_MS = 3_000;

interface Asked<Answer> {
  readonly at: number;
  readonly answer: Promise<Answer>;
}

const fleets = new WeakMap<Engine, Asked<Fleet>>();
const others = new WeakMap<EngineQueue, Asked<readonly LiveWorker[] | undefined>>();

/** Once for all who ask at about the same time, of every queue. */
export function recentFleet(engine: Engine): Promise<Fleet> {
  return lately(fleets, engine, FLEET_FRESH_MS, () => readFleet(engine));
}

/**
 * Who works on the queue. Our processes take by turns, on connections that all queues share, so that no connection tells of them: their
 * hosts say that they are alive and which queues they serve. Stock workers of other programs have a connection for each queue. Undefined
 * where there is nobody of ours and the engine does not tell the others.
 */
export async function liveWorkers(engine: Engine, queue: EngineQueue): Promise<readonly LiveWorker[] | undefined> {
  const [{ hosts: alive }, connected] = await Promise.all([
    recentFleet(engine),
    lately(others, queue, ASK_EVERY_MS, () => ask(queue)),
  ]);
  const now = engine.clock.now();
  const ours = alive.flatMap(host => (host.queues.includes(queue.name) ? processesOf(host, now) : []));
  return connected === undefined && ours.length === 0 ? undefined : [...ours, ...(connected ?? [])];
}

function lately<Key extends object, Answer>(
  known: WeakMap<Key, Asked<Answer>>,
  key: Key,
  freshMs: number,
  askFor: () => Promise<Answer>,
): Promise<Answer> {
  const last = known.get(key);
  if (last !== undefined && performance.now() - last.at < freshMs) return last.answer;
  const answer = askFor();
  known.set(key, { at: performance.now(), answer });
  answer.catch(() => known.delete(key));
  return answer;
}

/** Those that take jobs. A host of an older release does not say which it has: they are numbered as far as it has processes. */
function processesOf({ name, processes, startedAt, workers, quietBy }: FleetHost, now: number): readonly LiveWorker[] {
  const age = (since: number): number => Math.max(0, Math.round((now - since) / 1_000));
  if (quietBy !== undefined) return [];
  if (workers !== undefined) {
    const taking = workers.filter(({ quiet }) => !quiet);
    return taking.map(worker => ({
      id: worker.name,
      name: worker.name,
      ageSeconds: age(worker.startedAt),
      ours: true,
    }));
  }
  const ageSeconds = age(startedAt);
  return Array.from({ length: processes }, (_, index) => {
    const process = supervisedName(name, index + 1);
    return { id: process, name: process, ageSeconds, ours: true };
  });
}

async function ask(queue: EngineQueue): Promise<readonly LiveWorker[] | undefined> {
  const clients = await queue.getWorkers().catch((error: unknown) => {
    if (isUnreachable(error)) throw error;
    // An account that may not list clients can still see the queues.
    return undefined;
  });
  if (clients === undefined) return undefined;
  // Where the provider forbids the question BullMQ answers with one line that has a sentence for a name.
  if (clients.some(client => client['name']?.includes(' '))) return undefined;
  return clients
    .map((client, index) => {
      // Redis: the connection's name before BullMQ shortened it; PostgreSQL: the application's name.
      const connection = client['rawname'] ?? client['name'] ?? '';
      const mark = connection.indexOf(':w:');
      return {
        id: client['id'] ?? String(index),
        name: mark === -1 ? null : connection.slice(mark + 3),
        ageSeconds: Number(client['age'] ?? 0) || 0,
        ours: false,
      };
    })
    .filter(({ name }) => name !== WAKING);
}

/** The connection on which a process of ours waits for work: of one process for one queue, whatever it serves. */
const WAKING = 'shiftwork';
