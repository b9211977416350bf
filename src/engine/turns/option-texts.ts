/**
 * Options as an engine stores them. Those that many jobs share are frozen: their text is made once. Making it for each was the largest part of what an
 * add cost this process.
 */
export class OptionTexts<Options extends object> {
  readonly #write: (opts: Options) => string;
  readonly #withMetadata: (plain: string, metadata: string) => string;
  readonly #shared = new WeakMap<object, string>();
  /** The last that was written: the members of a batch, and what one request enqueues, have one metadata. */
  #last: { readonly opts: object; readonly metadata: string; readonly text: string } | undefined;

  /** `withMetadata`: a text that `write` has made, with the metadata of a job's telemetry in it. */
  constructor(write: (opts: Options) => string, withMetadata: (plain: string, metadata: string) => string) {
    this.#write = write;
    this.#withMetadata = withMetadata;
  }

  of(opts: Options, metadata?: string): string {
    if (metadata !== undefined && this.#last?.opts === opts && this.#last.metadata === metadata) return this.#last.text;
    const isShared = Object.isFrozen(opts);
    const plain = isShared ? this.#sharedText(opts) : this.#write(opts);
    if (metadata === undefined) return plain;
    const text = this.#withMetadata(plain, metadata);
    if (isShared) this.#last = { opts, metadata, text };
    return text;
  }

  #sharedText(opts: Options): string {
    const known = this.#shared.get(opts);
    if (known !== undefined) return known;
    const text = this.#write(opts);
    this.#shared.set(opts, text);
    return text;
  }
}
