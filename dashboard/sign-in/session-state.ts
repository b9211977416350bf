import { type Engine, EngineCheckError } from '../../src/engine/index.ts';
import { openState, type StateStore } from '../../src/state/index.ts';

/**
 * The state that holds sessions. Until the queues have been opened once the engine is asked first: of one that was not migrated the
 * state would only say that a table is missing.
 * Rejects with EngineUnreachableError while the engine is away, EngineCheckError while it must not be used.
 */
export async function sessionState(engine: Engine, queuesOpened: boolean): Promise<StateStore> {
  if (!queuesOpened) {
    const { errors } = await engine.check();
    if (errors.length > 0) throw new EngineCheckError(errors);
  }
  const state = await openState(engine);
  // By the machine's own clock, which may be a day ahead, the first request would end a session for everybody.
  await engine.clock.known();
  return state;
}
