import { reasonOf } from '../../resilience/index.ts';

/** What a worker's calls reject with while the engine is away, or takes no writes: the one shape that BullMQ waits after (read in its source). */
export class EngineAway extends Error {
  readonly code = 'ECONNREFUSED';

  constructor(cause: unknown) {
    super(`The engine is away: ${reasonOf(cause)}.`, { cause });
  }
}
