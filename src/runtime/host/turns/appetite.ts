import type { Rest } from '../../../engine/index.ts';

/** How few jobs it takes at first, and how often: all idle workers share a burst then, where the first of them would take it all. */
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

  /** What may be asked for now, once: what there is no room for may be asked for by the next turn. */
  portion(room: number): number {
    const portion = Math.min(this.#portion, room);
    this.#portion -= portion;
    return portion;
  }

  get isLeft(): boolean {
    return this.#portion > 0;
  }

  /** A queue that had no more starts from the beginning. */
  learn(rest: Rest): void {
    if (rest.kind === 'more') return;
    this.#rounds = 0;
    this.#portion = 0;
  }
}
