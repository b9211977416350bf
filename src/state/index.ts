export { openState } from './open-state.ts';
export type { RateLimit, StateEntry, StateStore } from './state-store.ts';
