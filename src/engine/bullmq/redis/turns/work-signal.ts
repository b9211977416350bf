import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** BullMQ's workers look after as long, whatever they have heard. */
const LOOK_ANYWAY_MS = 5_000;
/** A read that should have ended so long ago is stuck (BullMQ's issue 4479): its connection is made anew. */
const STUCK_MS = 2_000;
const REFUSED_MS = 500;
/** The server ends a read in time; this is for one that it does not. */
const LATE_MS = 20;

/**
 * Leans on BullMQ 6.7's marker: a sorted set whose member `0` says that there is work, and `1` when the next delayed job is due. Who takes it wakes,
 * and leaves it again where work stays. The connection is for this read alone.
 */
export class WorkSignal {
  readonly #redis: Redis;
  readonly #key: string;
  #reading: Promise<number | undefined> | undefined;
  /** By this process's monotonic clock. */
  #endsAt = 0;

  constructor(redis: Redis, key: string) {
    this.#redis = redis;
    this.#key = key;
  }

  /** `now` and `until` in engine time. Never rejects. */
  async wait(now: number, until: number | undefined, signal: AbortSignal): Promise<void> {
    const begun = performance.now();
    let wakeAt = until;
    while (!signal.aborted) {
      const passed = performance.now() - begun;
      const left = Math.min(
        LOOK_ANYWAY_MS - passed,
        wakeAt === undefined ? Number.POSITIVE_INFINITY : wakeAt - now - passed,
      );
      if (left < 1) return;
      const due = await this.#read(left, signal);
      // Something waits, or the time is over. Else a delayed job has come, which is due at that time.
      if (due === undefined || due <= now + performance.now() - begun) return;
      wakeAt = wakeAt === undefined ? due : Math.min(wakeAt, due);
    }
  }

  /** Answers 0 for work, a time for a delayed job, undefined when the time is over or the wait was ended. */
  #read(ms: number, signal: AbortSignal): Promise<number | undefined> {
    // One that was given up before waits still: it would take the next sign from a second one.
    this.#reading ??= this.#begin(ms);
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const end = (): void => resolve(undefined);
    const late = setTimeout(() => {
      if (performance.now() - this.#endsAt > STUCK_MS && this.#redis.status === 'ready') this.#redis.disconnect(true);
      end();
    }, ms + LATE_MS);
    signal.addEventListener('abort', end, { once: true });
    void this.#reading.then(resolve);
    return promise.finally(() => {
      clearTimeout(late);
      signal.removeEventListener('abort', end);
    });
  }

  #begin(ms: number): Promise<number | undefined> {
    this.#endsAt = performance.now() + ms;
    return this.#redis
      .bzpopmin(this.#key, ms / 1_000)
      .then(
        found => (found === null ? undefined : Number(found[2])),
        // Refused at once, as by a server that takes no writes: whoever waits must not ask again at once.
        () => sleep(REFUSED_MS, undefined, { ref: false }),
      )
      .finally(() => (this.#reading = undefined));
  }
}
