import type { DeadLetter, DeadLetterDetails } from './dead-letter.ts';
import { matches, type DeadLetterFilter } from './dead-letter-filter.ts';
import type { DeadLetterReport } from './dead-letter-report.ts';
import { ownId, shown, type Acted, type DeadLetterKind, type OtherDeadLetters } from './other-letters.ts';

/** In one source the search ends behind so many. */
const LOOK_AT = 20_000;

export interface ActedOn {
  readonly report: DeadLetterReport;
  /** Those with which something was done. */
  readonly letters: readonly DeadLetter[];
}

/** All that keeps dead letters beside the queues, as one. A source that cannot be read does not hide the others. */
export class LetterSources {
  readonly #sources: readonly OtherDeadLetters[];
  readonly #onUnread: ((kind: DeadLetterKind, error: unknown) => void) | undefined;

  /** Without `onUnread` a source that cannot be read is an error. */
  constructor(
    sources: readonly OtherDeadLetters[],
    onUnread: ((kind: DeadLetterKind, error: unknown) => void) | undefined,
  ) {
    this.#sources = sources;
    this.#onUnread = onUnread;
  }

  get kinds(): readonly DeadLetterKind[] {
    return this.#sources.map(({ kind }) => kind);
  }

  /** Whether an id is of a letter that one of these would keep. */
  keeps(id: string): boolean {
    return this.#sources.some(({ kind }) => ownId(kind, id) !== undefined);
  }

  /** Newest end first. */
  async list(filter: DeadLetterFilter): Promise<readonly DeadLetterDetails[]> {
    const found = await Promise.all(this.#chosen(filter).map(source => this.#lettersOf(source, filter)));
    return found.flatMap(letters => letters ?? []).sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
  }

  async show(id: string): Promise<DeadLetterDetails | undefined> {
    return (await this.list({ ids: [id], all: true })).find(letter => letter.id === id);
  }

  async count(filter: DeadLetterFilter): Promise<number> {
    const isNarrow = Object.entries(filter).some(([name, value]) => name !== 'kind' && value !== undefined);
    // A source counts all that it has more cheaply than it lists them.
    const counts = this.#chosen(filter).map(source =>
      isNarrow
        ? this.#lettersOf(source, filter).then(letters => letters?.length)
        : this.#reading(source, () => source.count()),
    );
    return (await Promise.all(counts)).reduce((sum: number, count) => sum + (count ?? 0), 0);
  }

  /** Each source acts on its own, on all that match in it. With `dryRun` it only says on which. */
  async act(
    filter: DeadLetterFilter,
    dryRun: boolean,
    act: (source: OtherDeadLetters, ids: readonly string[]) => Promise<readonly Acted[]>,
  ): Promise<ActedOn> {
    const done: string[] = [];
    const skipped: { id: string; why: string }[] = [];
    const touched: DeadLetter[] = [];
    for (const source of this.#chosen(filter)) {
      const { kind } = source;
      const found = await this.#lettersOf(source, filter);
      const byId = new Map(found?.map(letter => [letter.id, letter]));
      const asked = filter.ids?.filter(id => ownId(kind, id) !== undefined) ?? [...byId.keys()];
      const why = found === undefined ? 'what keeps it could not be read' : 'it is no dead letter';
      skipped.push(...asked.filter(id => !byId.has(id)).map(id => ({ id, why })));
      const ids = asked.filter(id => byId.has(id)).map(id => ownId(kind, id) ?? '');
      for (const acted of dryRun ? ids.map((id): Acted => ({ id })) : await act(source, ids)) {
        const id = `${kind}~${acted.id}`;
        const letter = byId.get(id);
        if (acted.why !== undefined) skipped.push({ id, why: acted.why });
        else done.push(id);
        if (acted.why === undefined && letter !== undefined && !dryRun) touched.push(letter);
      }
    }
    return { report: { matched: done.length + skipped.length, done, skipped }, letters: touched };
  }

  /** Undefined: it cannot be read now. */
  async #lettersOf(
    source: OtherDeadLetters,
    filter: DeadLetterFilter,
  ): Promise<readonly DeadLetterDetails[] | undefined> {
    const letters = await this.#reading(source, () => source.list(LOOK_AT));
    return letters?.map(letter => shown(source.kind, letter)).filter(letter => matches(letter, filter));
  }

  async #reading<Value>({ kind }: OtherDeadLetters, read: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await read();
    } catch (error) {
      if (this.#onUnread === undefined) throw error;
      this.#onUnread(kind, error);
      return undefined;
    }
  }

  #chosen({ kind, queue, ids }: DeadLetterFilter): readonly OtherDeadLetters[] {
    if (queue !== undefined) return [];
    return this.#sources
      .filter(source => kind === undefined || source.kind === kind)
      .filter(source => ids === undefined || ids.some(id => ownId(source.kind, id) !== undefined));
  }
}
