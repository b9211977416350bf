export { GONE_WORKERS, Ledger, type LedgerOptions } from './ledger.ts';
export { MemoryStateStore } from './memory-store.ts';
export { openState } from './open-state.ts';
export { patientStore } from './patient-store.ts';
export type { RateLimit, StateChange, StateEntry, StateStore } from './state-store.ts';
export * from './effect-in-doubt-error.ts';
export * from './effect-in-progress-error.ts';
export * from './effect-taken-over-error.ts';
