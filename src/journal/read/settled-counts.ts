import type { CountedStretch } from '../record/contract-counts.ts';
import { HOUR, MINUTE, stretchOf, type JournalStore, type Span } from '../stores/journal-store.ts';
import type { SeriesSource } from './read-series.ts';

/** Writers hand over what they have counted within seconds: a stretch that ended so long ago does not change any more. */
const SETTLED_MS = 2 * MINUTE;

interface Known<Value> {
  /** Milliseconds since 1970; the second is not included. */
  readonly from: number;
  readonly until: number;
  readonly byAt: ReadonlyMap<number, Value>;
}

/**
 * What the journal counted, for whoever looks again and again over spans of the same length: what has settled is read once, so that a look over two weeks
 * costs the store no more than one over an hour. Holds what the last look over each length was about.
 */
export class SettledCounts implements SeriesSource {
  readonly #store: () => Promise<JournalStore>;
  readonly #now: () => number;
  readonly #counts = new Map<string, Known<CountedStretch>>();
  readonly #unfinished = new Map<string, Known<number>>();

  constructor(store: () => Promise<JournalStore>, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async counts(by: 'minute' | 'hour', span: Span, names: readonly string[]): Promise<readonly CountedStretch[]> {
    const length = by === 'minute' ? MINUTE : HOUR;
    const from = Math.ceil(span.from / length) * length;
    const until = Math.min(stretchOf(by, this.#now() - SETTLED_MS), span.to + 1);
    const keyOf = (name: string): string => `${by} ${span.to - span.from} ${name}`;
    const starts = Map.groupBy(names, name => startOf(this.#counts.get(keyOf(name)), from));
    const store = await this.#store();
    const read = await Promise.all(
      [...starts].map(([start, some]) => (start > span.to ? [] : store.counts(by, { from: start, to: span.to }, some))),
    );
    const fresh = Map.groupBy(read.flat(), ({ jobName }) => jobName);
    return names.flatMap(name => {
      const own = (fresh.get(name) ?? []).map(each => [each.at, each] as const);
      return this.#keep(this.#counts, keyOf(name), { from, until }, own);
    });
  }

  async unfinished(minutes: readonly number[], queue: string | undefined): Promise<ReadonlyMap<number, number>> {
    const [from = 0, last = 0] = [minutes[0], minutes.at(-1)];
    const key = `${last - from} ${queue ?? ''}`;
    const start = startOf(this.#unfinished.get(key), from);
    const read = await (
      await this.#store()
    ).unfinished(
      minutes.filter(at => at >= start),
      queue,
    );
    const until = Math.min(stretchOf('minute', this.#now() - SETTLED_MS), last + 1);
    const known = this.#unfinished.get(key)?.byAt;
    this.#keep(this.#unfinished, key, { from, until }, [...read]);
    return new Map([...(known ?? []), ...read].filter(([at]) => at >= from));
  }

  async marks(span: Span, limit: number): ReturnType<JournalStore['marks']> {
    return (await this.#store()).marks(span, limit);
  }

  /** Answers all of the span that is known: what had settled, and what was read now. */
  #keep<Value>(
    all: Map<string, Known<Value>>,
    key: string,
    { from, until }: { readonly from: number; readonly until: number },
    fresh: readonly (readonly [at: number, value: Value])[],
  ): readonly Value[] {
    const before = [...(all.get(key)?.byAt ?? [])].filter(([at]) => at >= from);
    const together = new Map([...before, ...fresh]);
    const settled = [...together].filter(([at]) => at < until);
    all.set(key, { from, until: Math.max(from, until), byAt: new Map(settled) });
    return [...together.values()];
  }
}

/** From where on it has to be read. */
function startOf(known: Known<unknown> | undefined, from: number): number {
  return known === undefined || known.from > from ? from : Math.max(from, known.until);
}
