const DAY_MS = 86_400_000;
const MOST_DAYS = 36_500;

/** Why nothing can be due so often: undefined where it can. A slot that is later than dates reach could be shown by no page. */
export function everyProblem(everyMs: number): string | undefined {
  if (everyMs < 1_000) return `expected every to be at least a second, got ${everyMs} ms`;
  if (everyMs > MOST_DAYS * DAY_MS) return `expected every to be at most ${MOST_DAYS}d, got ${everyMs} ms`;
  return undefined;
}
