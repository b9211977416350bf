import { setTimeout as pause } from 'node:timers/promises';
import { InvalidOptionsError } from '../errors/index.ts';
import type { App } from '../contracts/index.ts';
import type { Engine } from '../engine/index.ts';
import { Facts } from '../facts/index.ts';
import type { DeadLetter, DeadLetterDetails, DeadLetterGroup } from './dead-letter.ts';
import type { Stretches } from './causes/cause-index.ts';
import { asksOfJobs, type DeadLetterFilter } from './dead-letter-filter.ts';
import { merged, type DeadLetterReport } from './dead-letter-report.ts';
import { recentQueueNames } from '../queue/index.ts';
import { JobLetters } from './jobs/job-letters.ts';
import type { LetterSample, LetterSource, LetterStanding } from './letter-source.ts';
import type { OtherDeadLetters } from './other-letters.ts';
import { OtherSource } from './other-source.ts';

export interface DeadLettersOptions {
  readonly engine: Engine;
  readonly app: App;
  /** Where replays and discards are stated; nowhere by default. */
  readonly facts?: Facts | undefined;
  /** What is kept elsewhere than in the queues. */
  readonly others?: readonly OtherDeadLetters[] | undefined;
  /** Called with each source that cannot be read now; the rest is answered. Without it that is an error. */
  readonly onUnread?: ((kind: string, error: unknown) => void) | undefined;
  /**
   * For pages: looking costs a bounded number of commands, and what is not counted yet is left to the background; `standing` says how
   * much that is. Without it whoever looks counts it first.
   */
  readonly bounded?: boolean | undefined;
}

export interface ReplayOptions {
  /** Who asks; kept in the job's history. */
  readonly by: string;
  /** Only says what would be done. */
  readonly dryRun?: boolean;
  /**
   * Passes over what was replayed then or later, milliseconds since 1970 by the engine's clock: whatever clock the worker has that wrote when it
   * failed again.
   */
  readonly notSince?: number;
  /** 50 by default: what failed together must not come back together. */
  readonly perSecond?: number;
  readonly signal?: AbortSignal;
  /** Called with each that is put back. */
  readonly onDone?: () => void;
}

export interface DiscardOptions {
  readonly by: string;
  readonly reason: string;
  readonly dryRun?: boolean;
  /** As of a replay. */
  readonly notSince?: number;
  readonly signal?: AbortSignal;
  /** Called with each that is removed. */
  readonly onDone?: () => void;
}

const DEFAULT_PER_SECOND = 50;

/** What ended in failure, across an app's queues, subscriptions and projections: look through it, run it again, or discard it. */
export class DeadLetters {
  readonly #jobs: JobLetters;
  readonly #sources: readonly LetterSource[];

  constructor({ engine, app, facts = new Facts(), others = [], onUnread, bounded = false }: DeadLettersOptions) {
    // Also what a release has left behind.
    const queues = async (): Promise<Iterable<string>> =>
      new Set([...app.queues.keys(), ...(await recentQueueNames(engine))]);
    this.#jobs = new JobLetters({ engine, app, facts, bounded, queues });
    this.#sources = [
      this.#jobs,
      ...others.map(
        source =>
          new OtherSource({
            source,
            onUnread,
            onReplayed: ({ id, kind, name, queue: owner }, by) =>
              facts.emit('dead-letter.replayed', { id, kind, name, owner, by }),
            onDiscarded: ({ id, kind, name, queue: owner }, by, reason) =>
              facts.emit('dead-letter.discarded', { id, kind, name, owner, by, reason }),
          }),
      ),
    ];
  }

  /** Jobs, and what else there is here. */
  get kinds(): readonly string[] {
    return this.#sources.map(({ kind }) => kind);
  }

  /** Newest end first. One that cannot be read is listed as damaged. */
  async list(filter: DeadLetterFilter = {}, limit = 50): Promise<readonly DeadLetter[]> {
    const found = await Promise.all(this.#chosen(filter).map(source => source.list(filter, limit)));
    return found
      .flat()
      .sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
      .slice(0, limit);
  }

  /** The causes, most frequent first. */
  async groups(filter: DeadLetterFilter = {}): Promise<readonly DeadLetterGroup[]> {
    const found = await Promise.all(this.#chosen(filter).map(source => source.groups(filter)));
    const groups = new Map<string, DeadLetterGroup>();
    for (const group of found.flat()) {
      const known = groups.get(group.fingerprint);
      groups.set(group.fingerprint, known === undefined ? group : together(known, group));
    }
    return [...groups.values()].sort((a, b) => b.count - a.count);
  }

  /** When the jobs of these causes died, of those that are still there: how many in each stretch, by fingerprint. */
  strikes(
    groups: readonly Pick<DeadLetterGroup, 'fingerprint'>[],
    times: Stretches,
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    return this.#jobs.strikes(groups, times);
  }

  /** How many letters each place keeps, how many of them the causes count, and when the two were last compared. */
  async standing(): Promise<readonly LetterStanding[]> {
    return (await Promise.all(this.#sources.map(source => source.standing()))).flat();
  }

  /** How many there are. */
  async count(filter: DeadLetterFilter = {}): Promise<number> {
    const counts = await Promise.all(this.#chosen(filter).map(source => source.count(filter)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Which jobs an action would be done to: how many, up to a bound, and some of them. */
  async sample(filter: DeadLetterFilter): Promise<LetterSample> {
    return this.#jobs.sample(filter);
  }

  /** Undefined when no dead letter has that id. */
  async show(id: string): Promise<DeadLetterDetails | undefined> {
    return this.#sources.find(source => source.keeps(id))?.show(id);
  }

  /**
   * Puts each back with fresh attempts, its history kept: all that match, however many. Each is handled once, also when two people ask at
   * the same time; one that fails again meanwhile is left for the next time. What cannot run again is skipped, with the reason.
   */
  async replay(filter: DeadLetterFilter, options: ReplayOptions): Promise<DeadLetterReport> {
    const { by, dryRun = false, perSecond = DEFAULT_PER_SECOND, notSince, signal, onDone } = options;
    if (!(perSecond > 0)) throw new InvalidOptionsError(`Expected perSecond to be above 0, got ${perSecond}.`);
    let next = performance.now();
    const pace = async (): Promise<void> => {
      signal?.throwIfAborted();
      await pause(Math.max(0, next - performance.now()), undefined, signal && { signal });
      next = Math.max(next, performance.now()) + 1_000 / perSecond;
    };
    return this.#act(filter, source => source.replay(filter, { by, dryRun, pace, notSince, signal, onDone }));
  }

  /** Removes each for good. What was discarded, by whom and why is stated as a fact. */
  async discard(filter: DeadLetterFilter, options: DiscardOptions): Promise<DeadLetterReport> {
    const { by, reason, dryRun = false, notSince, signal, onDone } = options;
    return this.#act(filter, source => source.discard(filter, { by, reason, dryRun, notSince, signal, onDone }));
  }

  async #act(
    filter: DeadLetterFilter,
    act: (source: LetterSource) => Promise<DeadLetterReport>,
  ): Promise<DeadLetterReport> {
    let report: DeadLetterReport = { matched: 0, done: [], skipped: [] };
    for (const source of this.#chosen(filter)) report = merged(report, await act(source));
    const strange = filter.ids?.filter(id => !this.#sources.some(source => source.keeps(id))) ?? [];
    const skipped = strange.map(id => ({ id, why: 'it is no dead letter' }));
    return merged(report, { matched: strange.length, done: [], skipped });
  }

  #chosen(filter: DeadLetterFilter): readonly LetterSource[] {
    const { kind, queue, subscription } = filter;
    return this.#sources
      .filter(source => source.kind === 'job' || !asksOfJobs(filter))
      .filter(source => kind === undefined || source.kind === kind)
      .filter(source => (source.kind === 'job' ? subscription === undefined : queue === undefined));
  }
}

function together(one: DeadLetterGroup, other: DeadLetterGroup): DeadLetterGroup {
  const [newer, older] = (one.lastEndedAt ?? 0) >= (other.lastEndedAt ?? 0) ? [one, other] : [other, one];
  const firsts = [one.firstEndedAt, other.firstEndedAt].filter(at => at !== undefined);
  return {
    ...newer,
    count: one.count + other.count,
    firstEndedAt: firsts.length === 0 ? undefined : Math.min(...firsts),
    lastEndedAt: newer.lastEndedAt ?? older.lastEndedAt,
  };
}
