import type { Engine, EngineBacking } from '../../engine/index.ts';
import { MemorySchedules } from './memory-schedules.ts';
import { PostgresSchedules } from './postgres-schedules.ts';
import { RedisSchedules } from './redis-schedules.ts';
import type { ScheduleStore } from './schedule-store.ts';

/**
 * The schedules of an engine that were made at run time, on its connection: nothing of its own to close. Asks for the connection when it is used; then
 * it rejects with EngineUnreachableError while a producer's engine is away, and a worker's waits.
 */
export function openSchedules(engine: Pick<Engine, 'backing'>): ScheduleStore {
  const open = async (): Promise<ScheduleStore> => storeOn(await engine.backing());
  return {
    get: async names => (await open()).get(names),
    put: async changes => (await open()).put(changes),
    remove: async name => (await open()).remove(name),
    due: async (now, limit) => (await open()).due(now, limit),
    postpone: async (schedules, dueAt) => (await open()).postpone(schedules, dueAt),
    list: async page => (await open()).list(page),
    figures: async now => (await open()).figures(now),
  };
}

function storeOn(backing: EngineBacking): ScheduleStore {
  switch (backing.kind) {
    case 'redis':
      return new RedisSchedules(backing.commands, backing.keys);
    case 'postgres':
      return new PostgresSchedules(backing.pool);
    case 'memory':
      return inMemory(backing);
  }
}

/** What engines in memory share lives as long as what they are opened on. */
const MEMORY = new WeakMap<object, Map<string, MemorySchedules>>();

function inMemory({ server, namespace }: Extract<EngineBacking, { kind: 'memory' }>): MemorySchedules {
  const stores = MEMORY.get(server) ?? new Map<string, MemorySchedules>();
  MEMORY.set(server, stores);
  const store = stores.get(namespace) ?? new MemorySchedules();
  stores.set(namespace, store);
  return store;
}
