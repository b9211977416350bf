import { afterOwnTime } from './own-time.ts';

/** Resolves as the promise does, or rejects with what `late` makes once the time is over, counted in turns of this process. */
export async function within<Value>(limitMs: number, promise: Promise<Value>, late: () => Error): Promise<Value> {
  const over = Promise.withResolvers<never>();
  const end = afterOwnTime(limitMs, () => over.reject(late()));
  try {
    return await Promise.race([promise, over.promise]);
  } finally {
    end();
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
