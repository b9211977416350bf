import { EngineClock } from '../../clock/index.ts';
import type { MemoryClock } from './memory-clock.ts';

/** The time of an engine in memory is known without asking: it is that of the clock that its server was given. */
export class MemoryEngineClock extends EngineClock {
  readonly #clock: MemoryClock;

  constructor(clock: MemoryClock) {
    super(async () => clock.now());
    this.#clock = clock;
  }

  override at(monotonicMs: number): number {
    return Math.round(this.#clock.at(monotonicMs));
  }

  override async pass(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => resolve();
    signal.addEventListener('abort', end, { once: true });
    const giveUp = this.#clock.after(ms, end);
    await promise;
    giveUp();
    signal.removeEventListener('abort', end);
  }

  override get differenceMs(): number {
    return 0;
  }

  override async look(): Promise<void> {}
}
