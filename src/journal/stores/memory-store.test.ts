import { journalStoreContract } from './journal-stores.contract-suite.ts';
import { MemoryJournalStore } from './memory-store.ts';
import type { Bounds } from './journal-store.ts';

const WIDE: Bounds = { failed: 64_000_000, succeeded: 64_000_000 };

journalStoreContract('memory', async () => {
  // One place: a store of other bounds has a place of its own.
  const stores = new Map<Bounds, MemoryJournalStore>();
  const narrow: { bounds?: Bounds } = {};
  return {
    store(bounds = WIDE) {
      const key = bounds === WIDE ? WIDE : (narrow.bounds ??= bounds);
      const known = stores.get(key) ?? new MemoryJournalStore(key);
      stores.set(key, known);
      return known;
    },
    close: async () => undefined,
  };
});
