import type { Engine } from '../../engine/index.ts';
import type { CauseIndex } from './cause-index.ts';
import { PostgresCauseIndex } from './postgres-cause-index.ts';
import { RedisCauseIndex } from './redis-cause-index.ts';

/** The index beside the engine's queues, on their connection: nothing of its own to close. */
export async function openCauseIndex(engine: Engine): Promise<CauseIndex> {
  const backing = await engine.backing();
  return backing.kind === 'redis'
    ? new RedisCauseIndex(backing.commands, backing.prefix)
    : new PostgresCauseIndex(backing.pool);
}
