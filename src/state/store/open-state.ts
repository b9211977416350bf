import type { Engine, EngineBacking } from '../../engine/index.ts';
import { MemoryStateStore } from './memory-store.ts';
import { PostgresStateStore } from './postgres-store.ts';
import { RedisStateStore } from './redis-store.ts';
import type { StateStore } from './state-store.ts';

/**
 * The shared state of an engine, on its connection: nothing of its own to close.
 * Rejects with EngineUnreachableError while a producer's engine is away; a worker's waits.
 */
export async function openState(engine: Engine): Promise<StateStore> {
  const backing = await engine.backing();
  switch (backing.kind) {
    case 'redis':
      return new RedisStateStore(backing.commands, backing.keys);
    case 'postgres':
      return new PostgresStateStore(backing.pool);
    case 'memory':
      return memoryState(backing);
  }
}

/** What engines in memory share lives as long as what they are opened on. */
const inMemory = new WeakMap<object, Map<string, MemoryStateStore>>();

function memoryState({ server, namespace, now }: Extract<EngineBacking, { kind: 'memory' }>): MemoryStateStore {
  const stores = inMemory.get(server) ?? new Map<string, MemoryStateStore>();
  inMemory.set(server, stores);
  const store = stores.get(namespace) ?? new MemoryStateStore(now);
  stores.set(namespace, store);
  return store;
}
