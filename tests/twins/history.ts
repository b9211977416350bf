import type { End, EndKind, Keep, NewJob, Turn } from '../../src/engine/turns/index.ts';
import { LOCK_MS, type Deed, type HistorySettings, type Step } from './step.ts';

/** What a history knows of its queue: as the twins told it. */
export interface Known {
  now: number;
  /** Job ids to tokens. */
  readonly held: Map<string, string>;
  readonly ids: string[];
}

const KEEPS: readonly Keep[] = [
  { count: -1 },
  { count: 0 },
  { count: 2 },
  { count: 3, age: 400 },
  { age: 20 },
  { age: 60, limit: 2 },
  { age: 0 },
];

const DEDUPLICATIONS: readonly (NonNullable<NewJob['opts']['deduplication']> | undefined)[] = [
  undefined,
  undefined,
  undefined,
  undefined,
  { id: 'a' },
  { id: 'b', ttl: 1_200_000 },
  { id: 'c' },
  { id: 'd', ttl: 1_200_000, extend: true },
  { id: 'e', replace: true },
  { id: 'f', keepLastIfActive: true },
  { id: 'f', keepLastIfActive: true, replace: true },
];

/** One history in eight is of a crowded queue. */
export function isCrowded(seed: number): boolean {
  return seed % 8 === 0;
}

/** Makes the steps of one history, the same for the same numbers. */
export class History {
  readonly settings: HistorySettings;
  readonly known: Known = { now: 1_700_000_000_000, held: new Map(), ids: [] };
  readonly #random: () => number;
  readonly #crowded: boolean;
  #count = 0;
  #tokens = 0;
  #first: Deed | undefined;
  readonly #children: string[] = [];

  /** `crowded`: the queue runs as many as it may, is above its rate, and holds jobs that only fail, for most of the time. */
  constructor(random: () => number, crowded = false) {
    this.#random = random;
    this.#crowded = crowded;
    this.settings = {
      limited: random() < (crowded ? 0.5 : 0.15),
      metricsKept: random() < 0.3 ? 3 : 0,
      losesAnswers: random() < 0.25,
      eventsKept: random() < 0.2 ? 20 : undefined,
    };
    if (crowded || random() < 0.3) this.#first = { what: 'set-meta', fields: { concurrency: this.#pick(['2', '6']) } };
  }

  next(): Step {
    this.known.now += this.#pick([0, 0, 1, 7, 400, 5_000, 25_000, 70_000]);
    const dice = this.#random();
    if (this.#first !== undefined) {
      const deed = this.#first;
      this.#first = undefined;
      return { what: 'stock', deed };
    }
    if (this.#crowded && this.#random() < 0.3) return { what: 'stock', deed: this.#crowdedDeed() };
    if (dice < 0.3) return { what: 'add', jobs: this.#times(this.#below(9) + 1, () => this.#job()) };
    if (dice < 0.86) return { what: 'turn', turn: this.#turn() };
    if (dice < 0.89) return { what: 'stalled', now: this.known.now, mostStalls: this.#below(3) };
    return { what: 'stock', deed: this.#deed() };
  }

  /** What was taken is held from now on. */
  took(jobs: readonly { readonly id: string; readonly token: string }[]): void {
    for (const { id, token } of jobs) this.known.held.set(id, token);
  }

  #turn(): Turn {
    const { held, now } = this.known;
    const most = this.#pick([1, 1, 2, 4, 16, 64]);
    const ids = [...held.keys()];
    const ends: End[] = [];
    while (ends.length < most && ids.length > 0) {
      const [jobId = ''] = ids.splice(this.#below(ids.length), 1);
      ends.push({ jobId, token: held.get(jobId) ?? '', end: this.#end() });
      held.delete(jobId);
    }
    // Somebody who does not hold it, or tells the same end twice.
    if (this.#random() < 0.1 && this.known.ids.length > 0) {
      ends.push({ jobId: this.#pick(this.known.ids), token: 'nobody', end: this.#end() });
    }
    const again = ends[0];
    // Retention is applied once, at the end: one that ended for good may be there still.
    const isThere = again !== undefined && !('keep' in again.end);
    if (isThere && this.#random() < 0.2) ends.push({ ...again, end: this.#end() });
    const takes = this.#pick([0, 0, 1, 2, 3, 8, 20]);
    const tokens = this.#times(takes, () => `token:${(this.#tokens += 1)}`);
    const take =
      takes === 0 ? undefined : { tokens, worker: 'w', lockMs: LOCK_MS, maxBytes: this.#pick([30, 1_000_000]) };
    return { id: `turn:${(this.#count += 1)}`, now, ends, take };
  }

  #end(): EndKind {
    const note = {
      ...(this.#random() < 0.3 && { line: { text: `line ${this.#count}`, ...(this.#random() < 0.5 && { keep: 2 }) } }),
      ...(this.#random() < 0.1 && { data: '{"kept":true}' }),
    };
    const failure = { message: `failed ${this.#count}`, stacktrace: [`stack ${this.#count}`] };
    const dice = this.#random();
    const { now } = this.known;
    if (dice < 0.5)
      return { what: 'succeeded', result: JSON.stringify({ done: this.#count }), keep: this.#pick(KEEPS), ...note };
    if (dice < 0.65) {
      const what = this.#pick(['dead', 'cancelled', 'expired'] as const);
      return { what, failure, attempts: this.#pick([0, 1, 2, 3, 9]), keep: this.#pick(KEEPS), ...note };
    }
    if (dice < 0.8)
      return {
        what: 'retry',
        at: now + this.#pick([0, 0, 1, 50, 50, 30_000]),
        failure,
        lifo: this.#random() < 0.3,
        ...note,
      };
    if (dice < 0.9) {
      const progress = this.#random() < 0.3 ? { progress: '{"waits":1}' } : {};
      return { what: 'snoozed', until: now + this.#pick([0, 50, 50, 5_000]), ...progress, ...note };
    }
    return { what: 'handed-back' };
  }

  #job(): NewJob {
    const { ids, now } = this.known;
    const old = ids.length > 0 && this.#random() < 0.06;
    const id = old ? this.#pick(ids) : `job-${(this.#count += 1)}`;
    if (!old) ids.push(id);
    const deduplication = this.#pick(DEDUPLICATIONS);
    const opts: NewJob['opts'] = {
      jobId: id,
      attempts: this.#pick([1, 3]),
      ...(this.#random() < 0.4 && { priority: this.#below(4) }),
      ...(this.#random() < 0.25 && { delay: this.#pick([1, 50, 50, 20_000, 300_000]) }),
      ...(this.#random() < 0.1 && { lifo: true }),
      ...(this.#random() < 0.2 && { backoff: this.#pick([1_000, { type: 'exponential', delay: 1_000, jitter: 0.5 }]) }),
      ...(this.#random() < 0.2 && { telemetry: { metadata: 'trace' } }),
      ...(this.#random() < 0.1 && { keepLogs: 4, removeOnComplete: true, removeOnFail: { age: 3_600 } }),
      ...(deduplication !== undefined && { deduplication }),
    };
    return { id, name: this.#pick(['greet', 'pay']), data: JSON.stringify({ n: this.#count }), opts, timestamp: now };
  }

  #crowdedDeed(): Deed {
    const late = this.known.ids.slice(-8);
    const id = late.length === 0 ? 'none' : this.#pick(late);
    switch (this.#below(6)) {
      case 0:
        return { what: 'defer-failure', id };
      case 1:
        return { what: 'promote', id };
      case 2:
        return { what: 'set-meta', fields: { concurrency: this.#pick(['1', '2', '4']) } };
      default:
        return { what: 'drop-key', key: 'marker' };
    }
  }

  #deed(): Deed {
    const { ids, held, now } = this.known;
    const id = ids.length === 0 ? 'none' : this.#pick(ids);
    const heldIds = [...held.keys()];
    const heldId = heldIds.length === 0 ? 'none' : this.#pick(heldIds);
    // A worker that waited has been woken: its sign is gone.
    if (this.#random() < 0.3) return { what: 'drop-key', key: 'marker' };
    switch (this.#below(24)) {
      case 17:
      case 18:
        return { what: 'wait-for-it', id: this.#children.length === 0 ? 'none' : this.#pick(this.#children) };
      case 15:
        return { what: 'delete-holder', key: this.#pick(['de:a', 'de:c', 'de:e', 'de:f']) };
      case 16:
        return { what: 'defer-failure', id };
      case 0:
        return { what: 'pause' };
      case 1:
      case 2:
        return { what: 'resume' };
      case 3:
        return { what: 'set-meta', fields: { concurrency: this.#pick(['1', '3', '12']) } };
      case 4:
        return { what: 'set-meta', fields: { concurrency: undefined } };
      case 5:
        return this.#random() < 0.5
          ? { what: 'set-meta', fields: { max: '3', duration: '3600000' } }
          : { what: 'set-meta', fields: { max: undefined, duration: undefined } };
      case 6:
        return { what: 'expire-limiter' };
      case 7:
        return { what: 'drop-lock', id: heldId };
      case 8:
        held.delete(heldId);
        return { what: 'take-lock', id: heldId, token: 'another' };
      case 9:
        return this.#random() < 0.6 ? { what: 'delete-job', id } : { what: 'drop-name', id };
      case 10:
        return { what: 'promote', id };
      case 11:
        return {
          what: 'drop-key',
          key: this.#pick(['de:a', 'de:b', 'de:c', 'de:f', 'pc', 'meta', 'active']),
        };
      case 12:
        return this.#random() < 0.5
          ? { what: 'wait-for-children', id: heldId, token: held.get(heldId) ?? '' }
          : { what: 'defer-failure', id };
      case 13:
        return { what: 'list', key: 'wait', member: `0:${this.#below(3)}` };
      default: {
        const children = this.#times(this.#below(3) + 1, () => this.#job());
        const plain = children.map(child => ({ ...child, opts: this.#childOptions(child) }));
        const parent = this.#job();
        this.#children.push(...children.map(child => child.id));
        return { what: 'flow', now, parent: { ...parent, opts: { jobId: parent.id } }, children: plain };
      }
    }
  }

  #childOptions({ id }: NewJob): NewJob['opts'] {
    const flag = this.#pick([
      'failParentOnFailure',
      'ignoreDependencyOnFailure',
      'removeDependencyOnFailure',
      undefined,
    ] as const);
    return { jobId: id, ...(flag !== undefined && { [flag]: true }) };
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)] as Item;
  }

  #times<Item>(count: number, make: () => Item): Item[] {
    return Array.from({ length: count }, make);
  }
}
