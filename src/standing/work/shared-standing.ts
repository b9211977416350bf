import type { App } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import { openState } from '../../state/index.ts';
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
const KEPT_MS = 30_000;
/** Whoever reads has so long before another one may. */
const TURN_MS = 3_000;

/**
 * How the work stands, read once for all hosts and dashboards that are scraped at about the same time: what one has read stands in the shared
 * state for the others. So ten hosts cost the engine what one does, whatever they are asked.
 */
export class SharedStanding {
  readonly #options: Required<SharedStandingOptions>;

  constructor(options: SharedStandingOptions) {
    this.#options = { freshMs: FRESH_MS, read: readStanding, ...options };
  }

  /** Rejects when the engine does not answer. */
  async read(): Promise<Standing> {
    const { app, engine, freshMs, read } = this.#options;
    const store = await openState(engine);
    const entry = await store.get(READINGS, NAME);
    const kept = standingIn(entry?.value, app);
    if (kept !== undefined && entry !== undefined && KEPT_MS - entry.leftMs < freshMs) return kept;
    const mine = await store.compareAndSet(READINGS, TURN, 0, true, TURN_MS);
    // Another one reads now; what stood there before is half a minute old at most.
    if (mine === undefined && kept !== undefined) return kept;
    const standing = await read(app, engine);
    await store.set(READINGS, NAME, standing, KEPT_MS);
    if (mine !== undefined) await store.delete(READINGS, TURN, mine);
    return standing;
  }
}

/** What a process of another release wrote, which has other queues, is none of this one. */
function standingIn(value: unknown, app: App): Standing | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { queues, hosts, overdue }: Partial<Record<keyof Standing, unknown>> = value;
  if (!Array.isArray(queues) || !Array.isArray(overdue) || typeof hosts !== 'object' || hosts === null)
    return undefined;
  const names = new Set(queues.map(queue => nameOf(queue)));
  return [...app.queues.keys()].every(name => names.has(name)) ? (value as Standing) : undefined;
}

function nameOf(queue: unknown): unknown {
  return typeof queue === 'object' && queue !== null && 'name' in queue ? queue.name : undefined;
}
