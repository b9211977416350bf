import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { dead, defineApp, defineJob, handle } from '../../../src/contracts/index.ts';
import { openEngine, type Engine, type TurnQueue } from '../../../src/engine/index.ts';
import { Facts } from '../../../src/facts/index.ts';
import { fixed } from '../../../src/resilience/index.ts';
import { createWorkerHost, type WorkerHost } from '../../../src/runtime/index.ts';

/** Nothing is kept of what has succeeded: a part that has come again and is done is gone. */
export const parcel = defineJob({
  queue: 'parcels',
  name: 'parcel',
  schema: z.strictObject({ id: z.string() }),
  chunk: { maxWait: 0, tags: ({ id }) => ({ parcel: id }) },
  retry: { attempts: 3, backoff: fixed(1) },
  retention: { completed: 0 },
});

/** Writes down each item that it was given, a line each, with the attempt. An item is retried at its first attempt, or dead, by its first letter. */
export function parcelApp(journal: string) {
  const handler = handle(parcel, (items, run) =>
    items.map(({ id }) => {
      appendFileSync(journal, `${id} ${run.attempt}\n`);
      if (id.startsWith('dead')) return dead('no such address');
      return id.startsWith('again') && run.attempt === 1 ? 'retry' : 'done';
    }),
  );
  return defineApp({ jobs: [parcel], handlers: [handler] });
}

export type DyingAt = 'never' | 'kept' | 'added';

/** A worker that is killed when it has kept what its chunk is divided into, or when it has added that. */
export function startParcels(place: { url: string; namespace: string; journal: string }, dies: DyingAt): WorkerHost {
  const engine = openEngine({ url: place.url, role: 'worker', namespace: place.namespace });
  const turns = engine.turns.bind(engine);
  const dying: Engine = Object.assign(engine, {
    turns: async (...args: Parameters<Engine['turns']>): Promise<TurnQueue> => dyingQueue(await turns(...args), dies),
  });
  // One at a time: the one that dies has taken nothing of what it has added.
  return createWorkerHost({ app: parcelApp(place.journal), engine: dying, facts: new Facts(), concurrency: 1 });
}

function dyingQueue(queue: TurnQueue, dies: DyingAt): TurnQueue {
  const storeStep = queue.storeStep.bind(queue);
  const add = queue.add.bind(queue);
  return Object.assign(queue, {
    storeStep: async (...args: Parameters<TurnQueue['storeStep']>) => {
      const answer = await storeStep(...args);
      return dies === 'kept' ? killed() : answer;
    },
    add: async (...args: Parameters<TurnQueue['add']>) => {
      const answer = await add(...args);
      return dies === 'added' ? killed() : answer;
    },
  });
}

function killed(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

if (import.meta.main) {
  const [url = '', namespace = '', journal = '', dies = 'never'] = process.argv.slice(2);
  await startParcels({ url, namespace, journal }, dies === 'kept' || dies === 'added' ? dies : 'never').start();
  console.log('ready');
}
