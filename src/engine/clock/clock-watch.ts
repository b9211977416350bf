import type { Facts } from '../../facts/index.ts';
import type { ClockLook, EngineClock } from './engine-clock.ts';

/** Clocks that differ by less agree. */
export const DIFFERS_MS = 1_000;
/** Hosts whose clocks are right say nearly the same of an engine whose clock is wrong; what they said is of different moments. */
const ALIKE_MS = 5_000;
/** A step of the engine is doubted for so long where this machine's clock was wrong already, and so says nothing about who is right. */
const DOUBT_MS = 600_000;
/** What other hosts have said of their clocks may be as old as this: it says nothing of a step that is younger. */
const STALE_MS = 30_000;

export interface ClockWatchOptions {
  readonly clock: EngineClock;
  /** As the facts name it. */
  readonly engine: string;
  /** Who says it; nobody when left out. */
  readonly facts?: Facts | undefined;
  /** What the other hosts' clocks differ by, in milliseconds: asked while this one's differs. */
  readonly others?: (() => Promise<readonly number[]>) | undefined;
}

/** Why the engine's clock is doubted, and what to add to its time for the time of the hosts. */
interface Doubt {
  readonly why: 'stepped' | 'most-differ';
  readonly correctionMs: number;
  /** On this process's own clock, as the next. */
  readonly since: number;
  /** Infinity: as long as the clocks differ. */
  readonly until: number;
}

/**
 * Compares this machine's clock with the engine's and says which of the two is to be looked at. The engine's time holds in either case. While
 * the engine's own clock is doubted, nothing may be dropped or made up for because of it: see `doubted` and `hostsNow`.
 */
export class ClockWatch {
  readonly #options: ClockWatchOptions;
  readonly #unlisten: () => void;
  #doubt: Doubt | undefined;
  #said: { readonly whose: 'host' | 'engine'; readonly differenceMs: number } | undefined;
  #differed = false;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#unlisten = options.clock.onLook(look => void this.#judge(look).catch(() => undefined));
  }

  /** The engine's clock has stepped, or most hosts' clocks differ from it: nobody can say how old a job is. */
  get doubted(): boolean {
    return this.#doubt !== undefined;
  }

  /** The engine's time; while that is doubted, the time that the hosts' clocks go on with. */
  hostsNow(): number {
    return this.#options.clock.now() + (this.#doubt?.correctionMs ?? 0);
  }

  stop(): void {
    this.#unlisten();
  }

  async #judge(look: ClockLook): Promise<void> {
    const { differenceMs, boundMs, steppedMs } = look;
    const differs = Math.abs(differenceMs) > DIFFERS_MS + boundMs;
    // At once: what is decided while the others are asked is decided by it.
    this.#doubt = differs ? this.#doubtAfter(steppedMs) : undefined;
    this.#differed = differs;
    const others = differs ? await this.#others() : [];
    if (differs && this.#differed) this.#doubt = this.#doubtAmong([differenceMs, ...others]);
    this.#say(differs, differenceMs);
  }

  #doubtAfter(steppedMs: number): Doubt | undefined {
    const doubt = this.#doubt;
    const since = performance.now();
    if (steppedMs === 0) return doubt !== undefined && since < doubt.until ? doubt : undefined;
    const until = doubt?.until ?? (this.#differed ? since + DOUBT_MS : Infinity);
    return { why: 'stepped', correctionMs: (doubt?.correctionMs ?? 0) - steppedMs, since, until };
  }

  #doubtAmong(differences: readonly number[]): Doubt | undefined {
    const doubt = this.#doubt;
    const since = performance.now();
    if (doubt?.why === 'stepped' && since - doubt.since < STALE_MS) return doubt;
    const agree = differences.filter(each => Math.abs(each) <= DIFFERS_MS);
    if (agree.length * 2 >= differences.length) return undefined;
    if (doubt?.why === 'stepped') return doubt;
    const differing = differences.filter(each => Math.abs(each) > DIFFERS_MS).toSorted((a, b) => a - b);
    const middle = differing[Math.floor(differing.length / 2)] ?? 0;
    // Clocks that are wrong, each by another time, say nothing about the engine's. Nor does one host alone.
    const alike = differing.filter(each => Math.abs(each - middle) <= ALIKE_MS);
    if (differences.length < 2 || alike.length * 2 <= differences.length) return undefined;
    return { why: 'most-differ', correctionMs: middle, since, until: Infinity };
  }

  async #others(): Promise<readonly number[]> {
    return this.#options.others?.().catch(() => []) ?? [];
  }

  #say(differs: boolean, differenceMs: number): void {
    const { engine, facts } = this.#options;
    const said = this.#said;
    if (!differs) {
      this.#said = undefined;
      if (said !== undefined) facts?.emit('clock.agrees', { engine, differenceMs });
      return;
    }
    const whose = this.doubted ? 'engine' : 'host';
    if (said?.whose === whose && Math.abs(said.differenceMs - differenceMs) < DIFFERS_MS) return;
    this.#said = { whose, differenceMs };
    facts?.emit('clock.differs', { engine, whose, differenceMs });
  }
}

/** A watch that ends with its clock, where nobody asks it anything. */
export function watchClock(options: ClockWatchOptions): ClockWatch {
  return new ClockWatch(options);
}
