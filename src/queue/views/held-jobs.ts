import type { Engine } from '../../engine/index.ts';

/** How many jobs of a queue limits and pauses have set aside. They are among those that wait. Rejects when the engine does not answer. */
export async function readHeld(engine: Engine, queue: string): Promise<number> {
  return (await engine.turns(queue)).held();
}
