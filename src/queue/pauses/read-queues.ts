import type { Engine } from '../../engine/index.ts';
import { openState } from '../../state/index.ts';
import { figuresOf, readContents, type QueueFigures } from '../views/queue-figures.ts';
import { pausesIn, readNotes, type Pause } from './pause.ts';

export interface ReadQueues {
  readonly figures: readonly QueueFigures[];
  /** What of these queues is paused, by whom and why. */
  readonly pauses: readonly Pause[];
}

/** How queues stand, in two trips for all of them. Rejects when the engine does not answer. */
export async function readQueues(engine: Engine, queues: Iterable<string>): Promise<ReadQueues> {
  const [contents, notes] = await Promise.all([readContents(engine, queues), openState(engine).then(readNotes)]);
  const now = engine.clock.now();
  return {
    figures: contents.map(each => figuresOf(each, now)),
    pauses: contents.flatMap(each => pausesIn(each, notes, now)),
  };
}
