/** What time it is for an engine in memory. */
export interface MemoryClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** What time it was at an instant of `performance.now()` a moment ago. */
  at(monotonicMs: number): number;
  /** Calls back when so much time has passed, once. Answers how to give it up. */
  after(ms: number, call: () => void): () => void;
}

const LONGEST_TIMER_MS = 0x7fff_ffff;

/** The computer's. */
export const REAL_CLOCK: MemoryClock = {
  now: () => Date.now(),
  at: monotonicMs => Date.now() - (performance.now() - monotonicMs),
  after(ms, call) {
    const timer = setTimeout(call, Math.min(Math.max(0, Math.ceil(ms)), LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

interface Appointment {
  readonly at: number;
  readonly call: () => void;
}

/** A clock that a test moves: nothing happens by itself. */
export class VirtualClock implements MemoryClock {
  #now: number;
  readonly #appointments = new Set<Appointment>();

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** However long the computer took since then: no time has passed. */
  at(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const appointment = { at: this.#now + Math.max(0, ms), call };
    this.#appointments.add(appointment);
    return () => void this.#appointments.delete(appointment);
  }

  /** Lets time pass: what is due meanwhile is called at its time, and what that leads to happens before time goes on. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#appointments].toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#appointments.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
      await new Promise(setImmediate);
    }
    this.#now = end;
    await new Promise(setImmediate);
  }
}
