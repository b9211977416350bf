import type { App } from '../../contracts/index.ts';
import type { DeadLetters } from '../../dead-letters/index.ts';
import type { Engine, EngineQueue } from '../../engine/index.ts';
import { readUnnamedQueues, recentQueueNames } from '../../queue/index.ts';
import { readFleet, readOverdueSlots } from '../../runtime/index.ts';
import { openState } from '../../state/index.ts';
import type { Work } from './work.ts';
import { readOverview } from './read-overview.ts';

export interface WorkSources {
  readonly app: App;
  readonly engine: Engine;
  /** Those that are open by now. */
  readonly queues: () => ReadonlyMap<string, EngineQueue>;
  readonly letters: Pick<DeadLetters, 'groups'>;
}

/** Every open page asks this each ten seconds: together they look once in so long. */
const FRESH_MS = 1_000;

/** Reads what the overview judges, once for all who ask at about the same time. */
export class WorkReader {
  readonly #sources: WorkSources;
  #last: { readonly at: number; readonly work: Promise<Work> } | undefined;

  constructor(sources: WorkSources) {
    this.#sources = sources;
  }

  /** Rejects when the engine does not answer. */
  read(): Promise<Work> {
    const { engine } = this.#sources;
    const now = engine.clock.now();
    if (this.#last !== undefined && now - this.#last.at < FRESH_MS) return this.#last.work;
    const work = this.#read(now);
    this.#last = { at: now, work };
    // Who asks after an outage must not get its error.
    work.catch(() => (this.#last = undefined));
    return work;
  }

  async #read(now: number): Promise<Work> {
    const { app, engine, queues, letters } = this.#sources;
    const [overview, fleet, overdue, unnamed, causes] = await Promise.all([
      readOverview(engine, queues(), now),
      readFleet(engine),
      openState(engine).then(store => readOverdueSlots(app, store, now)),
      recentQueueNames(engine).then(names => readUnnamedQueues(engine, app, names)),
      letters.groups(),
    ]);
    return { ...overview, ...fleet, overdue, unnamed, causes, now };
  }
}
