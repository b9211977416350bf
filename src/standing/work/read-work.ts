import type { App } from '../../contracts/index.ts';
import type { DeadLetters } from '../../dead-letters/index.ts';
import type { Engine, EngineQueue } from '../../engine/index.ts';
import { readUnnamedQueues, recentQueueNames } from '../../queue/index.ts';
import { readLateAtRunTime, readOverdueSlots } from '../../runtime/index.ts';
import { openSchedules } from '../../schedules/index.ts';
import { openState } from '../../state/index.ts';
import type { Work } from './work.ts';
import { recentFleet } from './live-workers.ts';
import { readOverview } from './read-overview.ts';

export interface WorkSources {
  readonly app: App;
  readonly engine: Engine;
  /** Those that are open by now. */
  readonly queues: () => ReadonlyMap<string, EngineQueue>;
  readonly letters: Pick<DeadLetters, 'groups'>;
}

/** Every open page asks this each ten seconds: together they look once in so long, so that ten tabs cost what one does. */
const FRESH_MS = 5_000;
/** What takes long to read (PostgreSQL counts a million rows in half a second) is read more seldom, but at each renewal of a page. */
const MOST_FRESH_MS = 9_000;
const REST = 10;

/** Reads what the overview judges, once for all who ask at about the same time. */
export class WorkReader {
  readonly #sources: WorkSources;
  #freshMs = FRESH_MS;
  #last: { readonly at: number; readonly work: Promise<Work> } | undefined;

  constructor(sources: WorkSources) {
    this.#sources = sources;
  }

  /** Rejects when the engine does not answer. */
  read(): Promise<Work> {
    const { engine } = this.#sources;
    const now = engine.clock.now();
    if (this.#last !== undefined && now - this.#last.at < this.#freshMs) return this.#last.work;
    const work = this.#read(now);
    this.#last = { at: now, work };
    // Who asks after an outage must not get its error.
    work.catch(() => (this.#last = undefined));
    return work;
  }

  async #read(now: number): Promise<Work> {
    const { app, engine, queues, letters } = this.#sources;
    const beganAt = performance.now();
    const [overview, fleet, overdue, late, unnamed, causes] = await Promise.all([
      readOverview(engine, queues(), now),
      recentFleet(engine),
      openState(engine).then(store => readOverdueSlots(app, store, now)),
      readLateAtRunTime(openSchedules(engine), now),
      recentQueueNames(engine).then(names => readUnnamedQueues(engine, app, names)),
      letters.groups(),
    ]);
    const tookMs = performance.now() - beganAt;
    this.#freshMs = Math.min(MOST_FRESH_MS, Math.max(FRESH_MS, REST * tookMs));
    return { ...overview, ...fleet, overdue: [...overdue, ...late], unnamed, causes, now };
  }
}
