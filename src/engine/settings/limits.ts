/**
 * A producer's call is answered within two seconds. Each step gets less, because the reply still has to travel:
 * waiting for a connection, or waiting for an answer on one that has gone silent.
 */
export const FAIL_FAST_MS = 1_750;

/** BullMQ keeps 10,000 events a queue; nothing here reads more than the latest few. */
export const EVENTS_KEPT = 1_000;

/** Resolves as the promise does, or rejects with what `late` makes once the time is over. */
export async function within<Value>(limitMs: number, promise: Promise<Value>, late: () => Error): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** True when the promise has settled, either way, before the time is over. Never rejects. */
export async function settled(limitMs: number, promise: Promise<unknown>): Promise<boolean> {
  const end = promise.then(
    () => true,
    () => true,
  );
  return within(Math.max(0, limitMs), end, () => new Error('The time is over.')).catch(() => false);
}
