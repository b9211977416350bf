import type { App } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import { readQueueFigures, type QueueFigures } from './queue-figures.ts';

/** How long what was found is good for: finding it out looks through all keys of a Redis. */
const FRESH_MS = 30_000;

const underWay = new WeakMap<Engine, Promise<readonly string[]>>();

/** The names of all queues that are there, of late: for pages, which must not look through all keys each time. */
export async function recentQueueNames(engine: Engine): Promise<readonly string[]> {
  const state = await openState(engine);
  const kept = await state.get('queues', 'all').catch(() => undefined);
  if (Array.isArray(kept?.value)) return kept.value.map(String);
  // Parts of one page ask at the same time.
  const known = underWay.get(engine);
  if (known !== undefined) return known;
  const found = findOut(engine, state).finally(() => underWay.delete(engine));
  underWay.set(engine, found);
  return found;
}

async function findOut(engine: Engine, state: StateStore): Promise<readonly string[]> {
  // An engine that is away says so in words.
  const found = await engine.queueNames();
  await state.set('queues', 'all', found, FRESH_MS);
  return found;
}

/** Queues that are there and that no contract of the app names: what a release has left behind, or what another program keeps. */
export async function readUnnamedQueues(
  engine: Engine,
  app: Pick<App, 'queues'>,
  names: readonly string[],
): Promise<readonly QueueFigures[]> {
  const unnamed = names.filter(name => !app.queues.has(name));
  return unnamed.length === 0 ? [] : readQueueFigures(engine, unnamed);
}

/** What nobody of this app will ever do: waiting, running, delayed. */
export function unfinishedIn({ waiting, running, delayed }: QueueFigures): number {
  return waiting + running + delayed;
}
