import type { Request } from 'express';

/** What the script of a page sends when it makes the page anew by itself. Nobody has done anything on it since. */
export const RENEWS_HEADER = 'x-renews';

interface Look<Read> {
  readonly at: number;
  readonly read: Promise<Read>;
  askedAt: number;
}

export interface SharedLooksOptions {
  /** How often each page renews itself. */
  readonly everySeconds: number;
  readonly now?: () => number;
}

/** Of the time between two renewals: a page that is alone always gets what is new, though its clock is not exact. */
const FRESH_SHARE = 0.8;
/** Whose pages have asked for nothing so long are closed, or hidden. */
const FORGET_MS = 60_000;

/**
 * What pages show that renew themselves, read once for all that show the same: ten tabs cost the engine what one does. Of many that show different
 * things each waits longer for news, so that all of them together read no more often. Whoever loads a page, or has just done something there, is
 * shown what was read for them.
 */
export class SharedLooks<Read> {
  readonly #options: Required<SharedLooksOptions>;
  readonly #looks = new Map<string, Look<Read>>();

  constructor(options: SharedLooksOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  get #freshMs(): number {
    return this.#options.everySeconds * 1_000 * FRESH_SHARE;
  }

  read(request: Pick<Request, 'get'>, key: string, look: () => Promise<Read>): Promise<Read> {
    const now = this.#options.now();
    for (const [each, { askedAt }] of this.#looks) if (now - askedAt > FORGET_MS) this.#looks.delete(each);
    const known = this.#looks.get(key);
    const isRenewed = request.get(RENEWS_HEADER) !== undefined;
    if (isRenewed && known !== undefined && now - known.at < this.#freshMs * this.#looks.size) {
      known.askedAt = now;
      return known.read;
    }
    const read = look();
    this.#looks.set(key, { at: now, read, askedAt: now });
    // Who asks after an outage must not get its error.
    read.catch(() => this.#looks.delete(key));
    return read;
  }
}
