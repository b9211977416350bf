import {
  addCounts,
  countsIn,
  withSums,
  writtenCounts,
  type ContractCounts,
  type CountedStretch,
} from '../record/contract-counts.ts';
import type { Mark } from '../record/mark.ts';
import { writtenMark, markIn } from '../record/mark.ts';
import { holdsMark, type Term } from '../record/terms.ts';
import type { RunClass } from '../record/run-record.ts';
import {
  CHUNK_BYTES,
  CHUNK_MS,
  KEPT_MS,
  MARKS_KEPT,
  stretchOf,
  type Bounds,
  type Chunk,
  type JournalBatch,
  type JournalStore,
  type QueueDepth,
  type Room,
  type Span,
  type Standing,
} from './journal-store.ts';

interface Kept {
  readonly id: number;
  text: string;
  readonly marks: Map<number, string>;
}

/** For tests: all of it is looked through each time. */
export class MemoryJournalStore implements JournalStore {
  readonly #bounds: Bounds;
  readonly #chunks: Record<RunClass, Kept[]> = { failed: [], succeeded: [] };
  readonly #counts = new Map<string, CountedStretch>();
  readonly #marks = new Set<string>();
  readonly #depths = new Map<string, QueueDepth>();
  readonly #writers = new Map<string, number>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  async append({ now, writer, frames, counts, marks, depths }: JournalBatch): Promise<Room> {
    for (const frame of frames) this.#put(frame, now);
    for (const of of withSums(counts))
      for (const by of ['minute', 'hour'] as const) this.#count(by, stretchOf(by, now), of);
    for (const mark of marks) this.#marks.add(writtenMark(mark));
    for (const depth of depths) {
      const key = `${depth.at} ${depth.queue}`;
      if (!this.#depths.has(key)) this.#depths.set(key, depth);
    }
    this.#writers.set(writer, now);
    for (const [name, at] of this.#writers) if (at < now - CHUNK_MS) this.#writers.delete(name);
    return { filled: bytesOf(this.#chunks.succeeded) / this.#bounds.succeeded, writers: this.#writers.size };
  }

  async list(of: RunClass, span: Span, limit: number): Promise<readonly number[]> {
    return this.#within(of, span)
      .map(({ id }) => id)
      .slice(0, limit);
  }

  async holding(of: RunClass, terms: readonly Term[], span: Span, limit: number): Promise<readonly number[]> {
    return this.#within(of, span)
      .filter(({ marks }) => terms.every(({ bucket, mark }) => holdsMark(marks.get(bucket) ?? '', mark)))
      .map(({ id }) => id)
      .slice(0, limit);
  }

  async read(of: RunClass, ids: readonly number[]): Promise<readonly Chunk[]> {
    return this.#chunks[of].filter(({ id }) => ids.includes(id)).map(({ id, text }) => ({ id, text }));
  }

  async rewrite(of: RunClass, { id, text: before }: Chunk, text: string): Promise<boolean> {
    const kept = this.#chunks[of].find(each => each.id === id && each.text === before);
    if (kept !== undefined) kept.text = text;
    return kept !== undefined;
  }

  async standing(): Promise<Standing> {
    const of = (name: RunClass) => ({
      bytes: bytesOf(this.#chunks[name]),
      mostBytes: this.#bounds[name],
      since: this.#chunks[name][0]?.id,
    });
    return { failed: of('failed'), succeeded: of('succeeded') };
  }

  async counts(
    by: 'minute' | 'hour',
    { from, to }: Span,
    names: readonly string[],
  ): Promise<readonly CountedStretch[]> {
    return [...this.#counts]
      .filter(([key, { at, jobName }]) => key.startsWith(`${by} `) && at >= from && at <= to && names.includes(jobName))
      .map(([, counts]) => counts);
  }

  async marks({ from, to }: Span, limit: number): Promise<readonly Mark[]> {
    const all = [...this.#marks].flatMap(text => markIn(text) ?? []);
    const within = all.filter(({ at }) => at >= from && at <= to).toSorted((a, b) => a.at - b.at);
    return within.slice(-Math.min(limit, MARKS_KEPT));
  }

  async depths({ from, to }: Span, queues: readonly string[]): Promise<readonly QueueDepth[]> {
    return [...this.#depths.values()].filter(({ at, queue }) => at >= from && at <= to && queues.includes(queue));
  }

  async unfinished(minutes: readonly number[], queue: string | undefined): Promise<ReadonlyMap<number, number>> {
    const sums = new Map<number, number>();
    for (const depth of this.#depths.values()) {
      if (!minutes.includes(depth.at) || (queue !== undefined && depth.queue !== queue)) continue;
      sums.set(depth.at, (sums.get(depth.at) ?? 0) + depth.unfinished);
    }
    return sums;
  }

  #within(of: RunClass, { from, to }: Span): readonly Kept[] {
    return this.#chunks[of].filter(({ id }) => id >= from && id <= to).toReversed();
  }

  #put({ of, text, terms }: JournalBatch['frames'][number], now: number): void {
    const chunks = this.#chunks[of];
    let last = chunks.at(-1);
    if (last === undefined || now - last.id >= CHUNK_MS || last.text.length >= CHUNK_BYTES) {
      last = { id: Math.max(now, (last?.id ?? 0) + 1), text: '', marks: new Map() };
      chunks.push(last);
      while (chunks.length > 1 && ((chunks[0]?.id ?? now) < now - KEPT_MS || bytesOf(chunks) > this.#bounds[of]))
        chunks.shift();
    }
    last.text += `${text}\n`;
    for (const [bucket, marks] of terms) last.marks.set(bucket, (last.marks.get(bucket) ?? '') + marks);
  }

  #count(by: 'minute' | 'hour', at: number, counts: ContractCounts): void {
    const key = `${by} ${at} ${counts.jobName}`;
    const before = this.#counts.get(key);
    const sum = before === undefined ? counts : addCounts(before, counts);
    // Nobody else changes it any more.
    this.#counts.set(key, { at, ...countsIn(sum.jobName, sum.queue, writtenCounts(sum)) });
  }
}

function bytesOf(chunks: readonly Kept[]): number {
  return chunks.reduce((sum, { text }) => sum + text.length, 0);
}
