import { setTimeout as sleep } from 'node:timers/promises';

/** What one look at the engine's clock found. Milliseconds. */
export interface ClockLook {
  /** This machine's clock minus the engine's. */
  readonly differenceMs: number;
  /** How far off that may be: half the round trip. */
  readonly boundMs: number;
  /** How far the engine's clock has stepped against this process's own time since the look before; 0 where it went on. */
  readonly steppedMs: number;
}

/** How often it looks at the engine's clock while somebody asks for the time. */
const LOOK_EVERY_MS = 5_000;
/** How often this process looks whether its machine's clock has been set, or the machine was asleep: then it looks at the engine's at once. */
const TICK_MS = 1_000;
const MACHINE_STEP_MS = 500;
/** What two clocks may drift apart, in milliseconds a millisecond: twice what NTP corrects at most. */
const DRIFT = 0.001;
/** A step that is smaller is taken over without a word. */
const STEP_MS = 1_000;

/** The engine's time as it was found, counted from this process's own monotonic time. */
interface Base {
  /** Engine time minus monotonic time. */
  readonly offset: number;
  readonly boundMs: number;
  readonly at: number;
  /** The machine's clock minus monotonic time, when that was found. */
  readonly machine: number;
}

/**
 * The engine's time in this process. It is asked for again and again; in between the process's own monotonic time counts on, so a machine
 * whose clock is wrong, or is set while it runs, changes nothing. Until the engine has answered once it is the machine's time.
 */
export class EngineClock {
  readonly #ask: () => Promise<number>;
  readonly #listeners = new Set<(look: ClockLook) => void>();
  #base: Base | undefined;
  #machine = machineOffset();
  /** The latest time that was answered. */
  #latest = 0;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wanted = false;
  #stopped = false;

  /** `ask` answers the engine's time, milliseconds since 1970. */
  constructor(ask: () => Promise<number>) {
    this.#ask = ask;
  }

  /** Milliseconds since 1970, whole. */
  now(): number {
    return this.at(performance.now());
  }

  /** The engine's time at a moment of this process's monotonic time (`performance.now()`). */
  at(monotonicMs: number): number {
    this.#wanted = true;
    const found = Math.round(monotonicMs + (this.#base?.offset ?? machineOffset()));
    // A small correction does not turn back what this process has answered already: of two moments the later one is never the earlier.
    const turnedBack = found < this.#latest && this.#latest - found < STEP_MS;
    return turnedBack ? this.#latest : (this.#latest = found);
  }

  /** Resolves when so much time has passed, or the signal aborts. Keeps no process alive. */
  async pass(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }

  /** This machine's clock minus the engine's; undefined until the engine has said its time. */
  get differenceMs(): number | undefined {
    this.#wanted = true;
    return this.#base && machineOffset() - this.#base.offset;
  }

  onLook(listener: (look: ClockLook) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the engine has been asked once, with or without an answer. */
  async known(): Promise<void> {
    if (this.#base === undefined) await this.look();
  }

  /** Asks the engine now, and again and again from now on. Never rejects: where there is no answer the time counts on. */
  look(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
    this.#looking ??= this.#look()
      .catch(() => undefined)
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  #tick(): void {
    const machine = machineOffset();
    const stepped = Math.abs(machine - this.#machine) > MACHINE_STEP_MS;
    this.#machine = machine;
    const due = this.#wanted && performance.now() - (this.#base?.at ?? -Infinity) >= LOOK_EVERY_MS;
    if (stepped || due) void this.look();
  }

  async #look(): Promise<void> {
    this.#wanted = false;
    const before = this.#base;
    let found = await reading(this.#ask);
    // The first answer may have opened a connection on its way, and an odd one may be a mistake, such as that of a server which is being replaced.
    if (before === undefined) found = nearer(found, await reading(this.#ask));
    else if (hasStepped(before, found)) found = await reading(this.#ask);
    if (this.#stopped) return;
    const stepped = before !== undefined && hasStepped(before, found);
    this.#base = before === undefined || stepped ? found : nearer(before, found);
    const { offset, boundMs, machine } = this.#base;
    const look = {
      differenceMs: Math.round(machine - offset),
      boundMs: Math.ceil(boundMs),
      steppedMs: stepped ? stepOf(before, found) : 0,
    };
    for (const listener of this.#listeners) listener(look);
  }
}

async function reading(ask: () => Promise<number>): Promise<Base> {
  const askedAt = performance.now();
  const engineMs = await ask();
  const answeredAt = performance.now();
  const at = (askedAt + answeredAt) / 2;
  return { offset: engineMs - at, boundMs: (answeredAt - askedAt) / 2 + 1, at, machine: machineOffset() };
}

/** Neither the two round trips nor drift explain how far the two are apart. */
function hasStepped(before: Base, found: Base): boolean {
  return Math.abs(found.offset - before.offset) > before.boundMs + found.boundMs + driftOf(before, found);
}

/**
 * How far the engine's clock has stepped. Monotonic time stands still while a machine sleeps, and then it looks as if every other clock had
 * stepped, the machine's own among them: that is no step. Nor is what is small: clocks are corrected like that.
 */
function stepOf(before: Base, found: Base): number {
  const engine = found.offset - before.offset;
  const machine = found.machine - before.machine;
  const slept = machine > MACHINE_STEP_MS && Math.abs(engine - machine) < STEP_MS + before.boundMs + found.boundMs;
  return slept || Math.abs(engine) < STEP_MS ? 0 : Math.round(engine);
}

/** The nearer of the two, where they agree: an answer that was long on its way says less than an older one that was quick. */
function nearer(before: Base, found: Base): Base {
  const agedMs = before.boundMs + driftOf(before, found);
  return found.boundMs <= agedMs ? found : { ...before, boundMs: agedMs, at: found.at, machine: found.machine };
}

function driftOf(before: Base, found: Base): number {
  return DRIFT * (found.at - before.at);
}

function machineOffset(): number {
  return Date.now() - performance.now();
}
