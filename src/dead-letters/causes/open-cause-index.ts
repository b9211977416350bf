import type { Engine } from '../../engine/index.ts';
import type { CauseIndex } from './cause-index.ts';
import { MemoryCauseIndex } from './memory-cause-index.ts';
import { PostgresCauseIndex } from './postgres-cause-index.ts';
import { RedisCauseIndex } from './redis-cause-index.ts';

/** The index beside the engine's queues, on their connection: nothing of its own to close. */
export async function openCauseIndex(engine: Engine): Promise<CauseIndex> {
  const backing = await engine.backing();
  switch (backing.kind) {
    case 'redis':
      return new RedisCauseIndex(backing.commands, backing.keys);
    case 'postgres':
      return new PostgresCauseIndex(backing.pool);
    case 'memory':
      return new MemoryCauseIndex(engine, backing.server, backing.namespace);
  }
}
