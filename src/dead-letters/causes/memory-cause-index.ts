import type { Engine } from '../../engine/index.ts';
import type { CauseIndex, CountedCause, CountedLetter, IndexSize, LetterEnd, Page, Stretches } from './cause-index.ts';

type Counted = Map<string, CountedLetter>;

/** What engines in memory share lives as long as what they are opened on. */
const inMemory = new WeakMap<object, Map<string, Counted>>();

/** The index of queues in memory: for tests, so all of it is looked through each time. */
export class MemoryCauseIndex implements CauseIndex {
  readonly #engine: Engine;
  readonly #queues: Map<string, Counted>;
  readonly #namespace: string;

  constructor(engine: Engine, server: object, namespace: string) {
    this.#engine = engine;
    this.#namespace = namespace;
    this.#queues = inMemory.get(server) ?? new Map<string, Counted>();
    inMemory.set(server, this.#queues);
  }

  async put(queue: string, letters: readonly CountedLetter[]): Promise<void> {
    for (const letter of letters) this.#of(queue).set(letter.id, letter);
  }

  async drop(queue: string, letters: readonly LetterEnd[]): Promise<void> {
    const counted = this.#of(queue);
    for (const { id, endedAt } of letters) if (counted.get(id)?.endedAt === endedAt) counted.delete(id);
  }

  async size(queue: string): Promise<IndexSize> {
    const counted = [...this.#of(queue).values()];
    const kept = (await this.#failed(queue)).length;
    return { kept, counted: counted.length, failures: counted.filter(({ expected }) => !expected).length };
  }

  async causes(queue: string, skip: number, limit: number): Promise<readonly CountedCause[]> {
    const groups = Map.groupBy(newestFirst(this.#of(queue).values()), ({ cause }) => cause);
    const causes = [...groups.values()].map(letters => causeOf(letters));
    return causes.toSorted((a, b) => b.count - a.count).slice(skip, skip + limit);
  }

  async cause(queue: string, cause: string): Promise<CountedCause | undefined> {
    return (await this.causes(queue, 0, Infinity)).find(each => each.cause === cause);
  }

  async strikes(
    queue: string,
    causes: readonly string[],
    { from, stepMs, steps }: Stretches,
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    const letters = [...this.#of(queue).values()];
    const countOf = (cause: string, step: number): number =>
      letters.filter(each => each.cause === cause && Math.floor((each.endedAt - from) / stepMs) === step).length;
    const all = causes.map(cause => [cause, Array.from({ length: steps }, (_, step) => countOf(cause, step))] as const);
    return new Map(all.filter(([, counts]) => counts.some(count => count > 0)));
  }

  async newest(queue: string, cause: string | undefined, limit: number): Promise<readonly LetterEnd[]> {
    const letters = newestFirst(this.#of(queue).values());
    return letters.filter(each => (cause === undefined ? !each.expected : each.cause === cause)).slice(0, limit);
  }

  async walk(queue: string, cause: string, from: string | undefined, limit: number): Promise<Page<LetterEnd>> {
    const all = newestFirst(this.#of(queue).values()).filter(each => each.cause === cause);
    const behind = from === undefined ? all : all.filter(each => cursorOf(each) < from);
    return pageOf(behind, limit, cursorOf);
  }

  async ends(queue: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const failed = await this.#failed(queue);
    return new Map(failed.filter(({ id }) => ids.includes(id)).map(({ id, endedAt }) => [id, endedAt]));
  }

  async uncounted(queue: string, from: string | undefined, limit: number): Promise<Page<LetterEnd>> {
    const behind = (await this.#failed(queue)).filter(each => from === undefined || cursorOf(each) < from);
    const { items, next } = pageOf(behind, limit, cursorOf);
    return { items: this.#notCounted(queue, items), next };
  }

  async uncountedNewest(queue: string, limit: number): Promise<readonly LetterEnd[]> {
    return this.#notCounted(queue, (await this.#failed(queue)).slice(0, limit));
  }

  async gone(queue: string): Promise<Page<LetterEnd>> {
    const kept = new Map((await this.#failed(queue)).map(({ id, endedAt }) => [id, endedAt]));
    const counted = [...this.#of(queue).values()];
    return { items: counted.filter(({ id, endedAt }) => kept.get(id) !== endedAt), next: undefined };
  }

  #notCounted(queue: string, ends: readonly LetterEnd[]): readonly LetterEnd[] {
    const counted = this.#of(queue);
    return ends.filter(({ id, endedAt }) => counted.get(id)?.endedAt !== endedAt);
  }

  async #failed(name: string): Promise<readonly LetterEnd[]> {
    const queue = await this.#engine.queue(name);
    const jobs = await queue.getFailed();
    return newestFirst(jobs.map(({ id = '', finishedOn: endedAt = 0 }) => ({ id, endedAt })));
  }

  #of(queue: string): Counted {
    const name = `${this.#namespace} ${queue}`;
    const counted = this.#queues.get(name) ?? new Map<string, CountedLetter>();
    this.#queues.set(name, counted);
    return counted;
  }
}

function causeOf(letters: readonly CountedLetter[]): CountedCause {
  const { cause = '', expected = false, name = '?', reason = '', endedAt = 0 } = letters[0] ?? {};
  const firstEndedAt = letters.at(-1)?.endedAt ?? endedAt;
  return { cause, expected, name, reason, count: letters.length, firstEndedAt, lastEndedAt: endedAt };
}

function cursorOf({ id, endedAt }: LetterEnd): string {
  return `${String(endedAt).padStart(16, '0')} ${id}`;
}

function newestFirst<Letter extends LetterEnd>(letters: Iterable<Letter>): readonly Letter[] {
  return [...letters].sort((a, b) => (cursorOf(a) < cursorOf(b) ? 1 : -1));
}

function pageOf<Item>(all: readonly Item[], limit: number, cursorAt: (item: Item) => string): Page<Item> {
  const items = all.slice(0, limit);
  const last = items.at(-1);
  return { items, next: all.length <= limit || last === undefined ? undefined : cursorAt(last) };
}
