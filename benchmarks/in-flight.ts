/** Publications under way at once. */
export const IN_FLIGHT = 100;

export async function inFlight(count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const runner = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, runner));
}

/** Microseconds of wall time for each of `count`. */
export async function timed(count: number, act: () => Promise<void>): Promise<number> {
  const beganAt = performance.now();
  await act();
  return ((performance.now() - beganAt) * 1_000) / count;
}

/** `done` once `one` was called so often. */
export function countTo(count: number): { readonly one: () => void; readonly done: Promise<void> } {
  const all = Promise.withResolvers<void>();
  let counted = 0;
  return {
    one() {
      if (++counted === count) all.resolve();
    },
    done: all.promise,
  };
}
