import type { Engine } from '../engine/index.ts';
import { PostgresStateStore } from './postgres-store.ts';
import { RedisStateStore } from './redis-store.ts';
import type { StateStore } from './state-store.ts';

/**
 * The shared state of an engine, on its connection: nothing of its own to close.
 * Rejects with EngineUnreachableError while a producer's engine is away; a worker's waits.
 */
export async function openState(engine: Engine): Promise<StateStore> {
  const backing = await engine.backing();
  return backing.kind === 'redis'
    ? new RedisStateStore(backing.commands, backing.prefix)
    : new PostgresStateStore(backing.pool);
}
