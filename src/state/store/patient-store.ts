import { mayPass } from '../../resilience/index.ts';
import type { StateStore } from './state-store.ts';
import { sleepOrStop } from '../../time/index.ts';

const AGAIN_MS = 500;

/** What a ledger needs of a store. */
export type LedgerStore = Pick<StateStore, 'get' | 'getMany' | 'compareAndSet' | 'delete'>;

/** The store, whose calls wait for an engine that is away or takes no writes, until the signal aborts: then each is tried once. A write whose answer was lost is written again. */
export function patientStore(store: LedgerStore, signal: AbortSignal): LedgerStore {
  const patiently = async <Value>(call: () => Promise<Value>): Promise<Value> => {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (signal.aborted || !mayPass(error)) throw error;
      }
      await sleepOrStop(AGAIN_MS, signal);
    }
  };
  return {
    get: (...entry) => patiently(() => store.get(...entry)),
    getMany: (...entries) => patiently(() => store.getMany(...entries)),
    compareAndSet: (...change) => patiently(() => store.compareAndSet(...change)),
    delete: (...entry) => patiently(() => store.delete(...entry)),
  };
}
