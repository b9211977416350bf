import type { App } from '../../contracts/index.ts';
import type { DeadLetterGroup, DeadLetters } from '../../dead-letters/index.ts';
import type { Engine, EngineQueue } from '../../engine/index.ts';
import { readUnnamedQueues, recentQueueNames } from '../../queue/index.ts';
import { readLateAtRunTime, readOverdueSlots, readUnreadable } from '../../runtime/index.ts';
import { openSchedules } from '../../schedules/index.ts';
import { openState } from '../../state/index.ts';
import type { Work } from './work.ts';
import { SpaceWatch } from '../space/space-watch.ts';
import { FRESH_MS, LOOK_EVERY_MS } from './intervals.ts';
import { recentFleet } from './live-workers.ts';
import { readOverview, type Overview } from './read-overview.ts';

export interface WorkSources {
  readonly app: App;
  readonly engine: Engine;
  /** Those that are open by now. */
  readonly queues: () => ReadonlyMap<string, EngineQueue>;
  readonly letters: Pick<DeadLetters, 'groups'>;
}

const REST = 10;
/** Causes cost a few questions for each queue that has dead letters. */
const CAUSES_FRESH_MS = 30_000;

/** Reads what the overview judges, once for all who ask at about the same time. */
export class WorkReader {
  readonly #sources: WorkSources;
  readonly #space: SpaceWatch;
  #freshMs = FRESH_MS;
  #causes:
    { readonly at: number; readonly dead: string; readonly read: Promise<readonly DeadLetterGroup[]> } | undefined;
  #last: { readonly at: number; readonly work: Promise<Work> } | undefined;

  constructor(sources: WorkSources) {
    this.#sources = sources;
    this.#space = new SpaceWatch(sources.engine);
  }

  /**
   * Rejects when the engine does not answer.
   * @param freshMs what was read so long ago is good enough; by default as long as reading takes little of the engine's time
   */
  read(freshMs = this.#freshMs): Promise<Work> {
    const { engine } = this.#sources;
    const now = engine.clock.now();
    if (this.#last !== undefined && now - this.#last.at < freshMs) return this.#last.work;
    const work = this.#read(now);
    this.#last = { at: now, work };
    // Who asks after an outage must not get its error.
    work.catch(() => (this.#last = undefined));
    return work;
  }

  /** Read anew where there are more dead letters, or fewer: a cause that strikes shows in their number, except where a queue keeps no more. */
  #causesOf({ queues }: Overview, now: number): Promise<readonly DeadLetterGroup[]> {
    const dead = queues.map(queue => queue.dead).join();
    const known = this.#causes;
    const ageMs = known === undefined ? Infinity : now - known.at;
    if (known !== undefined && ageMs >= 0 && ageMs < (dead === known.dead ? CAUSES_FRESH_MS : FRESH_MS))
      return known.read;
    const read = this.#sources.letters.groups();
    this.#causes = { at: now, dead, read };
    read.catch(() => (this.#causes = undefined));
    return read;
  }

  async #read(now: number): Promise<Work> {
    const { app, engine, queues } = this.#sources;
    const beganAt = performance.now();
    const [{ overview, causes }, fleet, overdue, late, unreadable, unnamed, space] = await Promise.all([
      readOverview(engine, queues()).then(async read => ({ overview: read, causes: await this.#causesOf(read, now) })),
      recentFleet(engine),
      openState(engine).then(store => readOverdueSlots(app, store, now)),
      readLateAtRunTime(openSchedules(engine), now),
      openState(engine).then(store => readUnreadable(store, openSchedules(engine))),
      recentQueueNames(engine).then(names => readUnnamedQueues(engine, app, names)),
      this.#space.read([...queues().keys()]),
    ]);
    const tookMs = performance.now() - beganAt;
    this.#freshMs = Math.min(LOOK_EVERY_MS, Math.max(FRESH_MS, REST * tookMs));
    return { ...overview, ...fleet, overdue: [...overdue, ...late], unreadable, unnamed, causes, space, now };
  }
}
