import type { Rest } from '../../../engine/index.ts';

/** So few at first, so often: a burst is then spread over all who are idle, and not taken by the first of them. */
const SMALL = 2;
const SMALL_ROUNDS = 8;
const MOST = 32;

/** How many jobs a worker with free slots asks for beside those that take the slots of jobs that ended. */
export class Appetite {
  #rounds = 0;
  #portion = 0;

  /** There may be work. */
  wake(): void {
    this.#rounds += 1;
    const doublings = Math.max(0, this.#rounds - SMALL_ROUNDS);
    this.#portion = Math.min(MOST, SMALL * 2 ** Math.min(doublings, 8));
  }

  /** What may be asked for now, once. */
  portion(): number {
    const portion = this.#portion;
    this.#portion = 0;
    return portion;
  }

  /** A queue that had no more starts from the beginning. */
  learn(rest: Rest): void {
    if (rest.kind !== 'more') this.#rounds = 0;
  }
}
