import type { Request } from 'express';

/** What the script of a page sends when it makes the page anew by itself. Nobody has done anything on it since. */
export const RENEWS_HEADER = 'x-renews';

interface Look<Read> {
  readonly at: number;
  readonly read: Promise<Read>;
  /** A page that shows it has renewed itself. */
  isFollowed: boolean;
  askedAt: number;
}

export interface SharedLooksOptions {
  /** How often each page renews itself. */
  readonly everySeconds: number;
  readonly now?: () => number;
}

/** Of the time between two renewals: a page that is alone always gets what is new, though its clock is not exact. */
const FRESH_SHARE = 0.8;
/** So many times as long each waits at most, where many show different things: nobody takes what is minutes old for news. */
const LONGEST = 10;
/** Whose pages have missed so many renewals are closed, or hidden. */
const MISSED = 3;
/** More are not kept: whoever asks for one job after the other must not fill the memory. */
const KEPT = 100;

/**
 * What pages show that renew themselves, read once for all that show the same: ten tabs cost the engine what one does. Of many that show different
 * things each waits longer for news, up to ten times as long, so that all of them together read no more often. Whoever loads a page, or has just done
 * something there, is shown what was read for them.
 */
export class SharedLooks<Read> {
  readonly #options: Required<SharedLooksOptions>;
  /** Those that were read last stand behind. */
  readonly #looks = new Map<string, Look<Read>>();

  constructor(options: SharedLooksOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  read(request: Pick<Request, 'get'>, key: string, look: () => Promise<Read>): Promise<Read> {
    const now = this.#options.now();
    this.#forget(now);
    const known = this.#looks.get(key);
    const isRenewed = request.get(RENEWS_HEADER) !== undefined;
    if (isRenewed && known !== undefined) {
      known.isFollowed = true;
      if (now - known.at < this.#freshMs()) {
        known.askedAt = now;
        return known.read;
      }
    }
    const read = look();
    this.#looks.delete(key);
    this.#looks.set(key, { at: now, read, isFollowed: isRenewed || known?.isFollowed === true, askedAt: now });
    // Who asks after an outage must not get its error.
    read.catch(() => this.#looks.get(key)?.read === read && this.#looks.delete(key));
    return read;
  }

  /** Those that somebody has only passed by make nobody wait. */
  #freshMs(): number {
    const followed = [...this.#looks.values()].filter(({ isFollowed }) => isFollowed).length;
    return this.#everyMs * FRESH_SHARE * Math.min(Math.max(followed, 1), LONGEST);
  }

  #forget(now: number): void {
    for (const [key, { askedAt }] of this.#looks) {
      if (now - askedAt > MISSED * this.#everyMs || this.#looks.size > KEPT) this.#looks.delete(key);
    }
  }

  get #everyMs(): number {
    return this.#options.everySeconds * 1_000;
  }
}
