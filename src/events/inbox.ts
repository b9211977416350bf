/** Work that arrives faster than it is done: so many at once, in the order of arrival, and so many waiting at most. */
export class Inbox<Item, Result> {
  readonly #work: (item: Item) => Promise<Result>;
  readonly #concurrency: number;
  readonly #limit: number;
  readonly #waiting: { readonly item: Item; readonly done: PromiseWithResolvers<Result> }[] = [];
  #running = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  /** `work` never rejects. */
  constructor(work: (item: Item) => Promise<Result>, { concurrency, limit }: { concurrency: number; limit: number }) {
    this.#work = work;
    this.#concurrency = concurrency;
    this.#limit = limit;
  }

  /** Running and waiting. */
  get size(): number {
    return this.#running + this.#waiting.length;
  }

  get hasRoom(): boolean {
    return this.#running < this.#concurrency;
  }

  /** The work's end; undefined when the inbox is full and the item was not taken. */
  offer(item: Item): Promise<Result> | undefined {
    if (this.#running >= this.#concurrency && this.#waiting.length >= this.#limit) return undefined;
    const done = Promise.withResolvers<Result>();
    this.#waiting.push({ item, done });
    this.#next();
    return done.promise;
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

  async #run(item: Item, done: PromiseWithResolvers<Result>): Promise<void> {
    const result = await this.#work(item);
    this.#running -= 1;
    done.resolve(result);
    this.#next();
  }

  #next(): void {
    while (this.#running < this.#concurrency) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#running += 1;
      void this.#run(next.item, next.done);
    }
    if (this.size === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
  }
}
