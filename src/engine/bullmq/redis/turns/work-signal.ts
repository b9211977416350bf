import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { RedisClient } from '../../../../redis/index.ts';
import type { LostSigns } from './lost-signs.ts';

/** A read waits for so long. A connection that is silently gone is noticed after it. */
const READ_MS = 10_000;
/** A read that should have ended so long ago is stuck (BullMQ's issue 4479): its connection is made anew. */
const STUCK_MS = 2_000;
const REFUSED_MS = 500;
/** The last resort: see LostSigns for the first. */
const LOOK_ANYWAY_MS = 300_000;

export interface WorkSignalOptions {
  /** For this read alone. */
  readonly blocking: Redis;
  readonly commands: RedisClient;
  /** Before the names of the queue's keys. */
  readonly prefix: string;
  readonly lost?: LostSigns | undefined;
}

/**
 * Leans on BullMQ 6.7's marker: a sorted set whose member `0` says that there is work, and `1` when the next delayed job is due. Who takes it wakes,
 * and leaves it again where work stays.
 *
 * One read is under way for as long as somebody has waited; how long a wait is, is decided by this process's own timers. A Redis with nothing to do looks
 * for reads that are over ten times a second: delayed jobs began 20 to 100 ms late by it.
 */
export class WorkSignal {
  readonly #options: WorkSignalOptions;
  readonly #key: string;
  #isReading = false;
  /** Of the wait under way: called with 0 for work, with a time for a delayed job. */
  #hears: ((due: number) => void) | undefined;

  constructor(options: WorkSignalOptions) {
    this.#options = options;
    this.#key = `${options.prefix}marker`;
  }

  /** `now` and `until` in engine time. Never rejects. */
  async wait(now: number, until: number | undefined, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const begun = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    let wakeAt = Math.min(until ?? Number.POSITIVE_INFINITY, now + LOOK_ANYWAY_MS);
    let timer: NodeJS.Timeout | undefined;
    const wakeThen = (): void => {
      clearTimeout(timer);
      const left = wakeAt - now - (performance.now() - begun);
      if (left <= 0) resolve();
      else timer = setTimeout(resolve, Math.ceil(left));
    };
    const end = (): void => resolve();
    this.#hears = due => {
      wakeAt = Math.min(wakeAt, due);
      wakeThen();
      this.#read();
    };
    const awake = this.#options.lost?.sleeps(this.#options.prefix);
    signal.addEventListener('abort', end, { once: true });
    wakeThen();
    this.#read();
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    awake?.();
    this.#hears = undefined;
  }

  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const { blocking } = this.#options;
    const stuck = setInterval(() => {
      if (blocking.status === 'ready') blocking.disconnect(true);
    }, READ_MS + STUCK_MS).unref();
    void blocking
      .bzpopmin(this.#key, READ_MS / 1_000)
      .then(
        found => (found === null ? undefined : this.#found(Number(found[2]))),
        // Refused at once, as by a server that takes no writes: whoever waits looks, and must not do so again at once.
        () => sleep(REFUSED_MS, undefined, { ref: false }).then(() => this.#hears?.(0)),
      )
      .finally(() => {
        clearInterval(stuck);
        this.#isReading = false;
        if (this.#hears !== undefined) this.#read();
      });
  }

  #found(due: number): void {
    if (this.#hears !== undefined) {
      this.#hears(due);
      return;
    }
    // Nobody waits here any more, and others do: they would sleep on.
    this.#options.commands.zadd(this.#key, '0', '0').catch(() => undefined);
  }
}
