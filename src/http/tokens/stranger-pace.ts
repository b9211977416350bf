import { clientNetwork } from '../../config/index.ts';
import { TokenPace, type RateLimit } from './token-pace.ts';
import { tokenDigest } from './token-text.ts';

const MOST_KNOWN = 10_000;

/**
 * How often an address may come without a token that stands. Above that its requests are answered without a look into the engine, but for those with
 * a token that has stood here before: who shares an address with strangers is not shut out by them.
 */
export class StrangerPace {
  readonly #limit: RateLimit;
  readonly #pace: TokenPace;
  /** Digests of tokens that stood when they were shown last. */
  readonly #known = new Set<string>();

  constructor(limit: RateLimit, now?: () => number) {
    this.#limit = limit;
    this.#pace = new TokenPace(now);
  }

  /** Milliseconds until somebody from there may try again with this text; 0: now. Counts nothing. */
  waitOf(address: string, text: string | undefined): number {
    const waitMs = this.#pace.waitOf(clientNetwork(address), this.#limit);
    return waitMs > 0 && text !== undefined && this.#known.has(tokenDigest(text)) ? 0 : waitMs;
  }

  /** A try from there without a token that stands. */
  refused(address: string, text: string | undefined): void {
    if (text !== undefined) this.#known.delete(tokenDigest(text));
    this.#pace.take(clientNetwork(address), this.#limit);
  }

  admitted(text: string): void {
    const digest = tokenDigest(text);
    if (this.#known.has(digest)) return;
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.add(digest);
  }
}
