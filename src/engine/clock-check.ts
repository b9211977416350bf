/** Delays, locks and expiry compare the clocks of producers, workers and engine. */
const WARN_MS = 1_000;
const REFUSE_MS = 30_000;

/** What to say about this process's clock minus the engine's. */
export function clockComplaints(differenceMs: number): {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
} {
  const size = Math.abs(differenceMs);
  if (size <= WARN_MS) return { errors: [], warnings: [] };
  const side = differenceMs > 0 ? 'ahead of' : 'behind';
  const complaint =
    `This machine's clock is ${(size / 1_000).toFixed(1)} s ${side} the engine's; expected at most ${WARN_MS / 1_000} s: ` +
    'delays and expiry go wrong by as much. Synchronise both clocks (NTP).';
  return size > REFUSE_MS ? { errors: [complaint], warnings: [] } : { errors: [], warnings: [complaint] };
}
