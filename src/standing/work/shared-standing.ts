import type { App } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import { readStanding, type Standing } from './standing.ts';

export interface SharedStandingOptions {
  readonly app: App;
  readonly engine: Engine;
  /** What another one has read within so long is good enough; 5 s by default. */
  readonly freshMs?: number;
  readonly read?: typeof readStanding;
}

const READINGS = 'readings';
const NAME = 'standing';
const TURN = 'standing/turn';
const FRESH_MS = 5_000;
const KEPT_MS = 60_000;
/** Whoever reads has so long before another one may. */
const TURN_MS = 10_000;
/** Reading takes a twentieth of the time at most, on a busy PostgreSQL too. */
const REST = 20;
/** Nobody who is scraped waits for a reading that takes longer: what stood there before is given out while it is read anew. */
const SLOW_MS = 200;

/**
 * How the work stands, read once for all hosts and dashboards that are scraped at about the same time: what one has read stands in the shared
 * state for the others. So ten hosts cost the engine what one does, whatever they are asked; and queues that take long to count are counted
 * more seldom, while what was counted last, a minute ago at most, is given out at once.
 */
export class SharedStanding {
  readonly #options: Required<SharedStandingOptions>;

  constructor(options: SharedStandingOptions) {
    this.#options = { freshMs: FRESH_MS, read: readStanding, ...options };
  }

  /** Rejects when the engine does not answer. */
  async read(): Promise<Standing> {
    const { app, engine, freshMs } = this.#options;
    const store = await openState(engine);
    const entry = await store.get(READINGS, NAME);
    const kept = entry === undefined ? undefined : keptIn(entry.value, app);
    if (kept === undefined || entry === undefined) return this.#readAnew(store);
    const ageMs = KEPT_MS - entry.leftMs;
    const isSlow = kept.tookMs >= SLOW_MS;
    if (ageMs < (isSlow ? REST * kept.tookMs : freshMs)) return kept.standing;
    if (!isSlow) return this.#readAnew(store, kept.standing);
    // What cannot be read now is read the next time; that the engine is away shows at the next question.
    void this.#readAnew(store, kept.standing).catch(() => undefined);
    return kept.standing;
  }

  async #readAnew(store: StateStore, before?: Standing): Promise<Standing> {
    const { app, engine, read } = this.#options;
    const mine = await store.compareAndSet(READINGS, TURN, 0, true, TURN_MS);
    // Another one reads now.
    if (mine === undefined && before !== undefined) return before;
    const beganAt = performance.now();
    const standing = await read(app, engine);
    const kept: Kept = { standing, tookMs: Math.round(performance.now() - beganAt) };
    await store.set(READINGS, NAME, kept, KEPT_MS);
    if (mine !== undefined) await store.delete(READINGS, TURN, mine);
    return standing;
  }
}

interface Kept {
  readonly standing: Standing;
  readonly tookMs: number;
}

function keptIn(value: unknown, app: App): Kept | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { standing, tookMs }: Partial<Record<keyof Kept, unknown>> = value;
  const read = standingIn(standing, app);
  return read === undefined || typeof tookMs !== 'number' ? undefined : { standing: read, tookMs };
}

/** What a process of another release wrote, which has other queues, is none of this one. */
function standingIn(value: unknown, app: App): Standing | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { queues, hosts, overdue, atRunTime }: Partial<Record<keyof Standing, unknown>> = value;
  if (!Array.isArray(queues) || !Array.isArray(overdue) || typeof hosts !== 'object' || hosts === null)
    return undefined;
  // Of a host of 0.1.
  if (typeof atRunTime !== 'object' || atRunTime === null) return undefined;
  const names = new Set(queues.map(queue => nameOf(queue)));
  return [...app.queues.keys()].every(name => names.has(name)) ? (value as Standing) : undefined;
}

function nameOf(queue: unknown): unknown {
  return typeof queue === 'object' && queue !== null && 'name' in queue ? queue.name : undefined;
}
