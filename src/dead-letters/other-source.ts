import type { DeadLetter, DeadLetterDetails, DeadLetterGroup } from './dead-letter.ts';
import { matches, type DeadLetterFilter } from './dead-letter-filter.ts';
import type { DeadLetterReport } from './dead-letter-report.ts';
import type { DiscardAct, LetterSource, LetterStanding, ReplayAct } from './letter-source.ts';
import { ownId, shown, type Acted, type OtherDeadLetters } from './other-letters.ts';

/** Letters that are read at once: they are few where nobody forgets them. How many more there are is said. */
const LISTED = 20_000;

export interface OtherSourceOptions {
  readonly source: OtherDeadLetters;
  /** Called when it cannot be read now: then it has none. Without it that is an error. */
  readonly onUnread: ((kind: string, error: unknown) => void) | undefined;
  readonly onReplayed: (letter: DeadLetter, by: string) => void;
  readonly onDiscarded: (letter: DeadLetter, by: string, reason: string) => void;
}

/** Dead letters that no queue keeps, seen and acted on as those of jobs are. */
export class OtherSource implements LetterSource {
  readonly kind: string;
  readonly #options: OtherSourceOptions;

  constructor(options: OtherSourceOptions) {
    this.kind = options.source.kind;
    this.#options = options;
  }

  keeps(id: string): boolean {
    return ownId(this.kind, id) !== undefined;
  }

  async list(filter: DeadLetterFilter, limit: number): Promise<readonly DeadLetter[]> {
    const found = (await this.#letters(filter)) ?? [];
    return found.toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0)).slice(0, limit);
  }

  async groups(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]> {
    const groups = new Map<string, DeadLetterGroup>();
    for (const { kind, what, fingerprint, name, queue, reason, endedAt } of await this.list(filter, Infinity)) {
      const { count = 0, lastEndedAt = endedAt } = groups.get(fingerprint) ?? {};
      const group = { kind, what, fingerprint, name, queue, reason, firstEndedAt: endedAt, lastEndedAt };
      groups.set(fingerprint, { ...group, reason: groups.get(fingerprint)?.reason ?? reason, count: count + 1 });
    }
    return [...groups.values()];
  }

  async count(filter: DeadLetterFilter): Promise<number> {
    const isNarrow = Object.entries(filter).some(([name, value]) => name !== 'kind' && value !== undefined);
    // A source counts all that it has more cheaply than it lists them.
    if (!isNarrow) return (await this.#reading(() => this.#options.source.count())) ?? 0;
    return (await this.#letters(filter))?.length ?? 0;
  }

  async standing(): Promise<readonly LetterStanding[]> {
    const kept = (await this.#reading(() => this.#options.source.count())) ?? 0;
    return [{ kind: this.kind, queue: undefined, kept, counted: Math.min(kept, LISTED), comparedAt: undefined }];
  }

  async show(id: string): Promise<DeadLetterDetails | undefined> {
    return (await this.#letters({ ids: [id], all: true }))?.find(letter => letter.id === id);
  }

  replay(filter: DeadLetterFilter, { dryRun, by, pace, onDone }: ReplayAct): Promise<DeadLetterReport> {
    const { source, onReplayed } = this.#options;
    return this.#act(
      filter,
      dryRun,
      ids => source.replay(ids, pace),
      letter => {
        onDone?.();
        onReplayed(letter, by);
      },
    );
  }

  discard(filter: DeadLetterFilter, { dryRun, by, reason, onDone }: DiscardAct): Promise<DeadLetterReport> {
    const { source, onDiscarded } = this.#options;
    return this.#act(
      filter,
      dryRun,
      ids => source.discard(ids),
      letter => {
        onDone?.();
        onDiscarded(letter, by, reason);
      },
    );
  }

  /** In rounds: behind those that one round could read there may be more. A round that does nothing new is the last. */
  async #act(
    filter: DeadLetterFilter,
    dryRun: boolean,
    act: (ids: readonly string[]) => Promise<readonly Acted[]>,
    onDone: (letter: DeadLetter) => void,
  ): Promise<DeadLetterReport> {
    const done: string[] = [];
    const skipped = new Map<string, string>();
    for (let more = true; more;) {
      const found = await this.#letters(filter);
      const byId = new Map(found?.map(letter => [letter.id, letter]));
      const asked = filter.ids?.filter(id => this.keeps(id)) ?? [...byId.keys()];
      const why = found === undefined ? 'what keeps it could not be read' : 'it is no dead letter';
      for (const id of asked) if (!byId.has(id) && !done.includes(id)) skipped.set(id, why);
      const chosen = asked.filter(id => byId.has(id) && !done.includes(id) && !skipped.has(id));
      const ids = chosen.map(id => ownId(this.kind, id) ?? '');
      let acted = 0;
      for (const { id: own, why: not } of dryRun ? ids.map((id): Acted => ({ id })) : await act(ids)) {
        const id = `${this.kind}~${own}`;
        const letter = byId.get(id);
        if (not !== undefined) {
          skipped.set(id, not);
          continue;
        }
        done.push(id);
        acted += 1;
        if (letter !== undefined && !dryRun) report(() => onDone(letter));
      }
      more = !dryRun && filter.ids === undefined && acted > 0 && (found?.length ?? 0) >= LISTED;
    }
    return {
      matched: done.length + skipped.size,
      done,
      skipped: [...skipped].map(([id, why]) => ({ id, why })),
    };
  }

  /** Undefined: it cannot be read now. */
  async #letters(filter: DeadLetterFilter): Promise<readonly DeadLetterDetails[] | undefined> {
    if (filter.queue !== undefined) return [];
    if (filter.ids !== undefined && !filter.ids.some(id => this.keeps(id))) return [];
    const letters = await this.#reading(() => this.#options.source.list(LISTED));
    const named = filter.ids === undefined ? undefined : new Set(filter.ids);
    return letters
      ?.map(letter => shown(this.#options.source, letter))
      .filter(letter => matches(letter, filter) && named?.has(letter.id) !== false);
  }

  async #reading<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await read();
    } catch (error) {
      if (this.#options.onUnread === undefined) throw error;
      this.#options.onUnread(this.kind, error);
      return undefined;
    }
  }
}

/** It is done: a listener that fails changes nothing. */
function report(state: () => void): void {
  try {
    state();
  } catch {
    // A program that brings facts of its own is to blame.
  }
}
