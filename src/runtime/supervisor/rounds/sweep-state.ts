import type { StateStore } from '../../../state/index.ts';

/** Expired entries cost nothing but space, so now and then is enough; every host does it, which is harmless. */
const EVERY_MS = 10 * 60_000;

/** Removes what has expired from the shared state, at once and from time to time. Answers what stops it. */
export function sweepState(store: StateStore, everyMs = EVERY_MS): () => void {
  // An engine that is away now is asked again the next time.
  const sweep = (): void => void store.prune().catch(() => undefined);
  sweep();
  const timer = setInterval(sweep, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
