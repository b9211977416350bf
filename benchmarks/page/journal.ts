import type { Engine } from '../../src/engine/index.ts';
import { openJournal, type JournalStore } from '../../src/journal/index.ts';
import { RedisJournalStore } from '../../src/journal/stores/redis-store.ts';

/** The journal without a bound: on Redis its own would drop a part of a million runs. */
export async function wholeJournal(engine: Engine): Promise<JournalStore> {
  const backing = await engine.backing();
  const most = Number.MAX_SAFE_INTEGER;
  return backing.kind === 'redis'
    ? new RedisJournalStore(backing.commands, backing.keys, { failed: most, succeeded: most })
    : openJournal(engine);
}
