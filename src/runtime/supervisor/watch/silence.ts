import type { Claim } from '../../../engine/index.ts';
import type { ChildWorker } from '../child/child-worker.ts';
import { readThreadTime, type ThreadTime } from './thread-time.ts';
import { judge, type Verdict } from './verdict.ts';

/** What is needed of a worker's process. */
export type WatchedWorker = Pick<ChildWorker, 'name' | 'pid' | 'beside' | 'kill'>;

/** A job that a worker has claimed, with the queue that it is in. */
export type QueueClaim = Claim & { readonly queue: string };

/** The thread beside the main one answers within a few milliseconds, if at all. */
const ANSWER_WITHIN_MS = 200;

/** The time since a worker was last heard, and what is learned about it. Times are `performance.now()`, in milliseconds. */
export class Silence {
  readonly worker: WatchedWorker;
  readonly since: number;
  /** It was stated. */
  emitted = false;
  /** What the worker was seen to hold. */
  claims: readonly QueueClaim[] = [];
  /** The worker must have answered by then, or it is ended. */
  endBy = Infinity;
  judging = false;
  ended = false;
  #first: { readonly at: number; readonly time: ThreadTime | undefined } | undefined;

  constructor(worker: WatchedWorker, since: number) {
    this.worker = worker;
    this.since = since;
  }

  lasts(): number {
    return performance.now() - this.since;
  }

  /** Begins to look at the main thread's time, once. */
  suspect(): void {
    this.#first ??= { at: performance.now(), time: this.#time() };
  }

  /** What the main thread has had of a processor since it was suspected; undefined where the system does not say. */
  ranMs(): number | undefined {
    const [before, now] = [this.#first?.time, this.#time()];
    return before && now && now.ranMs - before.ranMs;
  }

  /** `loopMs`: so much time on a processor is a loop, however long it took to get it. */
  async verdict(loopMs: number): Promise<Verdict> {
    this.suspect();
    const answers = await this.worker.beside.answers(ANSWER_WITHIN_MS);
    const { at = 0, time: before } = this.#first ?? {};
    const now = this.#time();
    return judge({
      forMs: performance.now() - at,
      ranMs: before && now && now.ranMs - before.ranMs,
      waitedMs: before && now ? now.waitedMs - before.waitedMs : 0,
      state: now?.state ?? '',
      answers,
      loopMs,
    });
  }

  #time(): ThreadTime | undefined {
    const { pid } = this.worker;
    return pid === undefined ? undefined : readThreadTime(pid);
  }
}
