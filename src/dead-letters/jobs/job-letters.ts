// Long because every question about the letters of queues is one short method here.
import type { App } from '../../contracts/index.ts';
import type { Engine, EngineQueue } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { placeOf, readStoredJob, shownJobId, UndecodableJobError } from '../../queue/index.ts';
import { readHistory } from '../attempt-record.ts';
import { CauseCounter, type CauseStanding } from '../causes/cause-counter.ts';
import type { CauseIndex, CountedCause, LetterEnd, Stretches } from '../causes/cause-index.ts';
import {
  damagedDetails,
  damagedLetter,
  detailsOf,
  JOB,
  type DeadLetter,
  type DeadLetterDetails,
  type DeadLetterGroup,
} from '../dead-letter.ts';
import { asksOfJobs, type DeadLetterFilter } from '../dead-letter-filter.ts';
import type { DeadLetterReport } from '../dead-letter-report.ts';
import type { DiscardAct, LetterSample, LetterSource, LetterStanding, ReplayAct } from '../letter-source.ts';
import { readLetter } from '../read-letter.ts';
import { CatchUp, type HoldingQueue } from './catch-up.ts';
import { fitsJob } from './fits-job.ts';
import { strikesOf } from './strikes-of.ts';
import { taggedLetters, type Bound } from './tagged-letters.ts';
import { discardJobs, replayJobs, type ActedOnJobs, type Target } from './act-on-jobs.ts';

export interface JobLettersOptions {
  readonly engine: Engine;
  readonly app: App;
  readonly facts: Facts;
  /**
   * For a page: a look at a queue costs a bounded number of commands, whatever it holds, and what is not counted yet is left to the
   * background. Else whoever looks counts it first.
   */
  readonly bounded: boolean;
  readonly queues: () => Promise<Iterable<string>>;
}

/** Of one that is asked for by name. */
interface NamedLetter extends LetterEnd {
  /** As it was asked for. */
  readonly asked: string;
  readonly queue: EngineQueue;
}

interface ListedEnd extends LetterEnd {
  readonly queue: string;
  /** As it was counted, where it was found by its cause. */
  readonly cause?: string;
}

/**
 * Whoever looks again and again, as the overview does, asks a queue anew where it has another number of letters, and after so long: one that keeps no more
 * has the same number always. Longer where many queues have letters, so that all together cost two or three commands a second.
 */
const KNOWN_MS = 25_000;
const KNOWN_EACH_MS = 3_000;
/** Causes of one queue that a page shows: the most frequent. */
const CAUSES_SHOWN = 200;
const CAUSES_AT_ONCE = 500;
const READ_AT_ONCE = 50;
const WALKED_AT_ONCE = 200;
/** Letters that a sample looks at: where each has to be read for it, and where not. */
const READ_FOR_SAMPLE = 500;
const WALKED_FOR_SAMPLE = 10_000;
const NO_BOUND: Bound = { left: Infinity };
const SAMPLED = 5;

/** The failed sets of BullMQ's queues, by the index of their causes. */
export class JobLetters implements LetterSource {
  readonly kind = 'job';
  readonly #options: JobLettersOptions;
  readonly #known = new Map<
    string,
    { readonly dead: number; readonly at: number; readonly groups: readonly DeadLetterGroup[] }
  >();
  readonly #catchUp: CatchUp;
  #opening: Promise<CauseCounter> | undefined;

  constructor(options: JobLettersOptions) {
    this.#options = options;
    this.#catchUp = new CatchUp(options.engine, () => this.#counter());
  }

  keeps(id: string): boolean {
    // BullMQ's keys are joined by colons: such an "id" would be another key. Letters of other kinds have a tilde.
    return placeOf(id) !== undefined || /^[^:~\p{Cc}]{1,200}$/u.test(id);
  }

  async list(filter: DeadLetterFilter, limit: number): Promise<readonly DeadLetter[]> {
    const found: DeadLetter[] = [];
    for (const { queue, id, endedAt } of await this.#named(filter.ids)) {
      const letter = await readLetter(this.#options.app, queue, id, endedAt);
      if (letter !== undefined) found.push(letter);
    }
    const queues = await this.#queuesOf(filter);
    await this.#standings(queues);
    const most = Math.min(limit, Number.MAX_SAFE_INTEGER);
    const ends = await Promise.all(queues.map(queue => this.#newest(queue, filter, most)));
    found.push(...(await this.#read(newestFirst(ends.flat()).slice(0, most))));
    return newestFirst(found).slice(0, limit).map(named);
  }

  async groups(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]> {
    const queues = await this.#holding(filter);
    const isWhole = this.#options.bounded && Object.keys(filter).length === 0;
    const knownMs = isWhole ? Math.max(KNOWN_MS, queues.length * KNOWN_EACH_MS) : 0;
    const at = performance.now();
    const knownOf = ({ name, dead }: HoldingQueue): readonly DeadLetterGroup[] | undefined => {
      const known = this.#known.get(name);
      return known?.dead === dead && at - known.at < knownMs ? known.groups : undefined;
    };
    const asked = queues.filter(queue => knownOf(queue) === undefined).map(({ name }) => name);
    const standings = new Map((await this.#standings(asked)).map(each => [each.queue, each]));
    const found = await Promise.all(
      queues.map(async queue => {
        const { name, dead } = queue;
        const standing = standings.get(name);
        const known = standing === undefined ? knownOf(queue) : undefined;
        if (known !== undefined) return known;
        const groups = (await this.#causes(name, filter)).map(cause => groupOf(name, cause));
        if (knownMs > 0 && standing?.kept === dead && standing.counted === dead)
          this.#known.set(name, { dead, at, groups });
        else this.#known.delete(name);
        return groups;
      }),
    );
    return found.flat();
  }

  /** Of the causes of these groups, by fingerprint. Costs a command a queue. */
  async strikes(
    groups: readonly Pick<DeadLetterGroup, 'fingerprint'>[],
    times: Stretches,
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    const causes = groups.map(({ fingerprint }) => fingerprint);
    const queues = (await this.#holding({})).map(({ name }) => name);
    return strikesOf((await this.#counter()).index, queues, causes, times);
  }

  async count(filter: DeadLetterFilter): Promise<number> {
    const { name, fingerprint, since, until, ids, all } = filter;
    if (ids !== undefined || since !== undefined || until !== undefined)
      return (await this.list(filter, Infinity)).length;
    if (name !== undefined || fingerprint !== undefined) {
      return (await this.groups(filter)).reduce((sum, { count }) => sum + count, 0);
    }
    let count = 0;
    for (const { kept, failures } of await this.#standings(await this.#queuesOf(filter)))
      count += all === true ? kept : failures;
    return count;
  }

  async standing(): Promise<readonly LetterStanding[]> {
    const queues = [...(await this.#options.queues())];
    const standings = this.#options.bounded
      ? await this.#catchUp.of(queues)
      : await (await this.#counter()).standings(queues);
    return standings.map(({ queue, kept, counted, comparedAt }) => ({ kind: 'job', queue, kept, counted, comparedAt }));
  }

  async show(id: string): Promise<DeadLetterDetails | undefined> {
    const [found] = await this.#named([id]);
    if (found === undefined) return undefined;
    const { queue, endedAt, id: stored } = found;
    try {
      const job = await readStoredJob(queue, stored);
      if (job === undefined) return undefined;
      const history = await readHistory(queue, job);
      return {
        ...detailsOf(this.#options.app, queue.name, job, history),
        id: shownJobId({ queue: queue.name, id: stored }),
        endedAt,
      };
    } catch (error) {
      if (!(error instanceof UndecodableJobError)) throw error;
      return named(damagedDetails(damagedLetter(queue.name, stored, endedAt, error.message)));
    }
  }

  async replay(filter: DeadLetterFilter, act: ReplayAct): Promise<DeadLetterReport> {
    return replayJobs(await this.#chosen(filter, act.signal), act);
  }

  async discard(filter: DeadLetterFilter, act: DiscardAct): Promise<DeadLetterReport> {
    return discardJobs(await this.#chosen(filter, act.signal), act);
  }

  async #chosen(filter: DeadLetterFilter, signal: AbortSignal | undefined): Promise<ActedOnJobs> {
    const { engine, app, facts } = this.#options;
    const counter = await this.#counter();
    return { engine, app, facts, index: counter.index, targets: this.#targets(counter, filter, signal) };
  }

  async *#targets(
    counter: CauseCounter,
    filter: DeadLetterFilter,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Target> {
    const named = await this.#named(filter.ids);
    for (const id of filter.ids?.filter(each => this.keeps(each)) ?? []) {
      const found = named.find(each => each.asked === id);
      const endedAt = filter.endedAt?.get(id) ?? found?.endedAt;
      yield { id: found?.id ?? id, queue: found?.queue.name, endedAt };
    }
    for (const queue of await this.#queuesOf(filter)) {
      // All of them: also what died while nobody counted.
      await counter.compare(queue, signal);
      yield* this.#among(counter.index, queue, filter, NO_BOUND);
    }
  }

  /** Those of a queue that are asked for: by their tags where there are any, else by their causes. */
  async *#among(index: CauseIndex, queue: string, filter: DeadLetterFilter, bound: Bound): AsyncGenerator<Target> {
    if (filter.tags !== undefined) return yield* taggedLetters(this.#options, { index, queue, filter }, bound);
    const opened = asksOfJobs(filter) ? await this.#options.engine.queue(queue) : undefined;
    for (const cause of await this.#causes(queue, filter, Infinity)) {
      for await (const target of this.#membersOf(index, queue, cause, filter, bound)) {
        if (opened === undefined || (await fitsJob(opened, target.id, filter))) yield target;
      }
    }
  }

  /** How many there are, up to a bound, and the first of them. */
  async sample(filter: DeadLetterFilter): Promise<LetterSample> {
    const { index } = await this.#counter();
    const ids: string[] = [];
    let count = 0;
    const bound = { left: asksOfJobs(filter) ? READ_FOR_SAMPLE : WALKED_FOR_SAMPLE };
    for (const queue of await this.#queuesOf(filter)) {
      await this.#standings([queue]);
      for await (const { id } of this.#among(index, queue, filter, bound)) {
        count += 1;
        if (ids.length < SAMPLED) ids.push(shownJobId({ queue, id }));
      }
      if (bound.left <= 0) return { count, more: true, ids };
    }
    return { count, more: false, ids };
  }

  /** What is acted on leaves the index, and what fails anew enters it behind the walk. */
  async *#membersOf(
    index: CauseIndex,
    queue: string,
    { cause }: CountedCause,
    { since = 0, until = Infinity }: DeadLetterFilter,
    bound: Bound,
  ): AsyncGenerator<Target> {
    for (let from: string | undefined, more = true; more; more = from !== undefined) {
      const page = await index.walk(queue, cause, from, WALKED_AT_ONCE);
      for (const { id, endedAt } of page.items) {
        if (endedAt < since || bound.left <= 0) return;
        bound.left -= 1;
        if (endedAt > until) continue;
        yield { id, queue, endedAt };
      }
      from = page.next;
    }
  }

  async #newest(queue: string, filter: DeadLetterFilter, most: number): Promise<readonly ListedEnd[]> {
    const { index } = await this.#counter();
    const { fingerprint, name, all, since = 0, until = Infinity } = filter;
    const ends: Omit<ListedEnd, 'queue'>[] = [];
    if (fingerprint === undefined && name === undefined && all !== true) {
      ends.push(...(await index.newest(queue, undefined, most)));
    } else {
      for (const { cause } of await this.#causes(queue, filter, Infinity)) {
        ends.push(...(await index.newest(queue, cause, most)).map(end => ({ ...end, cause })));
      }
    }
    const asked = ends.filter(({ endedAt }) => endedAt >= since && endedAt <= until);
    return newestFirst(asked)
      .slice(0, most)
      .map(end => ({ ...end, queue }));
  }

  async #read(chosen: readonly ListedEnd[]): Promise<readonly DeadLetter[]> {
    const { app, engine } = this.#options;
    const found: DeadLetter[] = [];
    for (let at = 0; at < chosen.length; at += READ_AT_ONCE) {
      const part = chosen.slice(at, at + READ_AT_ONCE);
      const letters = await Promise.all(
        part.map(async ({ id, endedAt, cause, queue }) => {
          const letter = await readLetter(app, await engine.queue(queue), id, endedAt);
          // A release may name causes otherwise than the one that counted it.
          return letter && { ...letter, fingerprint: cause ?? letter.fingerprint };
        }),
      );
      found.push(...letters.filter(letter => letter !== undefined));
    }
    return found;
  }

  async #causes(
    queue: string,
    { fingerprint, name, all }: DeadLetterFilter,
    limit = this.#options.bounded ? CAUSES_SHOWN : Infinity,
  ): Promise<readonly CountedCause[]> {
    const { index } = await this.#counter();
    const found: CountedCause[] = [];
    if (fingerprint !== undefined) {
      const one = await index.cause(queue, fingerprint);
      if (one !== undefined) found.push(one);
    } else {
      for (let skip = 0, more = true; more && skip < limit; skip += CAUSES_AT_ONCE) {
        const page = await index.causes(queue, skip, Math.min(limit - skip, CAUSES_AT_ONCE));
        more = page.length === CAUSES_AT_ONCE;
        found.push(...page);
      }
    }
    return found.filter(each => (name === undefined || each.name === name) && (all === true || !each.expected));
  }

  /** Of each, once what is not counted has been: for a page a bounded part of it. Else one queue behind the other, each may be a walk through its letters. */
  async #standings(queues: readonly string[]): Promise<readonly CauseStanding[]> {
    if (this.#options.bounded) return this.#catchUp.of(queues);
    const found: CauseStanding[] = [];
    for (const queue of queues) found.push(await this.#compared(queue));
    return found;
  }

  async #compared(queue: string): Promise<CauseStanding> {
    // An engine that is away says so here, in words.
    await this.#options.engine.queue(queue);
    const counter = await this.#counter();
    const standing = await counter.standing(queue);
    const isSame = standing.kept === standing.counted;
    if (isSame && (await counter.index.uncountedNewest(queue, 1)).length === 0) return standing;
    await counter.compare(queue);
    return counter.standing(queue);
  }

  /** Those of the ids that are dead letters. An id of ours says its queue; another program's is looked for in all. */
  async #named(ids: readonly string[] = []): Promise<readonly NamedLetter[]> {
    const own = ids.filter(id => this.keeps(id));
    if (own.length === 0) return [];
    const { index } = await this.#counter();
    const queues = [...(await this.#options.queues())];
    const found: NamedLetter[] = [];
    for (const name of queues) {
      // An engine that is away says so here, in words.
      const queue = await this.#options.engine.queue(name);
      const here = new Map(
        own.flatMap(asked => {
          const { queue: its = name, id = asked } = placeOf(asked) ?? {};
          return its === name ? [[id, asked] as const] : [];
        }),
      );
      for (const [id, endedAt] of await index.ends(name, [...here.keys()])) {
        found.push({ id, asked: here.get(id) ?? id, endedAt, queue });
      }
    }
    return found;
  }

  async #queuesOf({ queue, ids }: DeadLetterFilter): Promise<readonly string[]> {
    if (ids !== undefined) return [];
    return queue === undefined ? [...(await this.#options.queues())] : [queue];
  }

  async #holding(filter: DeadLetterFilter): Promise<readonly HoldingQueue[]> {
    return this.#catchUp.holding(await this.#queuesOf(filter), this.#options.bounded ? undefined : 0);
  }

  #counter(): Promise<CauseCounter> {
    const { app, engine } = this.#options;
    this.#opening ??= CauseCounter.open(app, engine);
    this.#opening.catch(() => (this.#opening = undefined));
    return this.#opening;
  }
}

/** As people name it: ids of other programs are unique in their queue alone. */
function named<Letter extends DeadLetter>(letter: Letter): Letter {
  return { ...letter, id: shownJobId(letter) };
}

function groupOf(queue: string, counted: CountedCause): DeadLetterGroup {
  const { cause: fingerprint, name, reason, count, firstEndedAt, lastEndedAt } = counted;
  return { ...JOB, fingerprint, name, queue, reason, count, firstEndedAt, lastEndedAt };
}

/** Of two that ended in one millisecond the one with the greater id: ids of ours grow with time. */
function newestFirst<Item extends { readonly id: string; readonly endedAt?: number | undefined }>(
  items: readonly Item[],
): Item[] {
  return items.toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0) || (a.id < b.id ? 1 : -1));
}
