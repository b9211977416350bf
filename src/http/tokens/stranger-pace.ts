import { clientNetwork } from '../../config/index.ts';
import { TokenPace, type RateLimit } from './token-pace.ts';
import { tokenDigest } from './token-text.ts';

const MOST_KNOWN = 10_000;

/** What a look for a token came to: whose it is, or how many milliseconds nobody looks for one from there. */
export type Looked<Token> =
  { readonly token: Token | undefined; readonly waitMs?: never } | { readonly token?: never; readonly waitMs: number };

/**
 * How often an address may come without a token that stands. Above that its requests are answered without a look into the engine, but for those with
 * a token that has stood here before: who shares an address with strangers is not shut out by them.
 */
export class StrangerPace {
  readonly #limit: RateLimit;
  readonly #pace: TokenPace;
  /** Digests of tokens that stood when they were shown last. */
  readonly #known = new Set<string>();
  /** By digests of others: the looks that are under way. */
  readonly #looks = new Map<string, Promise<unknown>>();

  constructor(limit: RateLimit, now?: () => number) {
    this.#limit = limit;
    this.#pace = new TokenPace(now);
  }

  /** Milliseconds until somebody from there may try again with this text; 0: now. Counts nothing. */
  waitOf(address: string, text: string | undefined): number {
    const waitMs = this.#pace.waitOf(clientNetwork(address), this.#limit);
    return waitMs > 0 && text !== undefined && this.#known.has(tokenDigest(text)) ? 0 : waitMs;
  }

  /** A try from there without a token. */
  refused(address: string): void {
    this.#pace.take(clientNetwork(address), this.#limit);
  }

  /**
   * Looks for a token. A try counts when it begins, so many at once do not slip through, and no longer when the token stands, or nobody could say. Of
   * one text that is not known here one look is under way at a time: a program with many requests at once is let in, or not, by its first. Rejects as
   * `look` does.
   */
  async look<Token>(address: string, text: string, look: () => Promise<Token | undefined>): Promise<Looked<Token>> {
    const who = clientNetwork(address);
    const digest = tokenDigest(text);
    // Whoever waits for a look that fails has failed as well: an engine that is away is asked once.
    for (let other = this.#looks.get(digest); other !== undefined; other = this.#looks.get(digest)) await other;
    const isKnown = this.#known.has(digest);
    const waitMs = isKnown ? 0 : this.#pace.take(who, this.#limit);
    if (waitMs > 0) return { waitMs };
    const looking = look();
    if (!isKnown) this.#looks.set(digest, looking);
    try {
      const token = await looking;
      if (token !== undefined) this.#admitted(digest);
      else this.#known.delete(digest);
      if (isKnown && token === undefined) this.#pace.take(who, this.#limit);
      if (!isKnown && token !== undefined) this.#pace.giveBack(who, this.#limit);
      return { token };
    } catch (error) {
      if (!isKnown) this.#pace.giveBack(who, this.#limit);
      throw error;
    } finally {
      if (!isKnown) this.#looks.delete(digest);
    }
  }

  #admitted(digest: string): void {
    if (this.#known.has(digest)) return;
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.add(digest);
  }
}
