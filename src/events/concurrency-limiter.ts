export type LimitedWork<Item, Result> = (item: Item) => Promise<Result>;

export interface ConcurrencyLimiterOptions<Item, Result> {
  readonly concurrency: number;
  /** Waiting at most. */
  readonly limit: number;
  /** What is to be done with the end, as part of the work; a promise is waited for. */
  readonly settle?: (item: Item, result: Result) => Promise<void> | undefined;
}

/** Work that arrives faster than it is done: so many at once, in the order of arrival, and so many waiting at most. */
export class ConcurrencyLimiter<Item, Result> {
  readonly #work: LimitedWork<Item, Result>;
  readonly #settle: ConcurrencyLimiterOptions<Item, Result>['settle'];
  readonly #concurrency: number;
  readonly #limit: number;
  readonly #waiting: Waiting<Item, Result>[] = [];
  #running = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  /** Neither `work` nor `settle` rejects. */
  constructor(
    work: LimitedWork<Item, Result>,
    { concurrency, limit, settle }: ConcurrencyLimiterOptions<Item, Result>,
  ) {
    this.#work = work;
    this.#settle = settle;
    this.#concurrency = concurrency;
    this.#limit = limit;
  }

  /** Running and waiting. */
  get size(): number {
    return this.#running + this.#waiting.length;
  }

  /** The work's end; undefined when the limiter is full and the item was not taken. */
  offer(item: Item): Promise<Result> | undefined {
    if (this.#isFull) return undefined;
    return new Promise(resolve => this.#take({ item, done: resolve }));
  }

  /** As `offer`, for who does not ask for the end. False when the limiter is full. */
  add(item: Item): boolean {
    if (this.#isFull) return false;
    this.#take({ item, done: undefined });
    return true;
  }

  /** Resolves when nothing runs and nothing waits, or after `timeoutMs`; true when it became idle. */
  async idle(timeoutMs: number): Promise<boolean> {
    if (this.size === 0) return true;
    this.#idle ??= Promise.withResolvers<void>();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>(resolve => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const idle = await Promise.race([this.#idle.promise.then(() => true as const), late]);
    clearTimeout(timer);
    return idle;
  }

  get #isFull(): boolean {
    return this.#running >= this.#concurrency && this.#waiting.length >= this.#limit;
  }

  #take(next: Waiting<Item, Result>): void {
    if (this.#running < this.#concurrency && this.#waiting.length === 0) void this.#run(next);
    else this.#waiting.push(next);
  }

  async #run(first: Waiting<Item, Result>): Promise<void> {
    this.#running += 1;
    // One runner goes on with what waits: a promise less for each.
    for (let next: Waiting<Item, Result> | undefined = first; next !== undefined; next = this.#waiting.shift()) {
      const result = await this.#work(next.item);
      const settling = this.#settle?.(next.item, result);
      if (settling !== undefined) await settling;
      next.done?.(result);
    }
    this.#running -= 1;
    if (this.size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly done: ((result: Result) => void) | undefined;
}
