import type { StateEntry, StateStore } from '../../../state/index.ts';
import { rememberHost, rememberLeaving } from './gone-hosts.ts';
import { hostIn, type HostPresence } from './host-presence.ts';

export interface PresenceOptions {
  readonly store: StateStore;
  /** The supervisor's name: unique per incarnation. */
  readonly name: string;
  readonly about: () => HostPresence;
  /** Engine time, milliseconds since 1970. */
  readonly now: () => number;
  /** A supervisor that has not been heard of for so long is gone. */
  readonly ttlMs?: number;
  /** How often it is renewed. */
  readonly everyMs?: number;
  /** Called after each renewal with everybody who is there, and whether this supervisor may judge others. */
  readonly onSeen: (present: ReadonlySet<string>, mayJudge: boolean) => void;
}

export const PRESENCE = 'presence';

/** What the clocks of all hosts but this one differ from the engine's by, in milliseconds, as they have said it last. */
export async function clocksOfOthers(store: StateStore, own: string | undefined): Promise<readonly number[]> {
  const others = (await store.list(PRESENCE)).filter(({ name }) => name !== own);
  return others.flatMap(({ value }) => hostIn(value)?.clockMs ?? []);
}

export const PRESENCE_TTL_MS = 8_000;
const EVERY_MS = 2_000;
/** What is remembered of a host for a day is written anew so often. */
const REMEMBER_EVERY_MS = 3_600_000;

/**
 * Renews this supervisor's presence and watches the others'. Another one is there while its presence keeps being renewed, as this process's
 * own time goes: an engine whose clock steps lets every presence lapse at once, or none for hours.
 *
 * An engine that was frozen, or a connection that was cut, makes everybody look dead for a moment: so nobody may judge before a whole
 * period of its own unbroken, punctual renewals.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #ttlMs: number;
  readonly #everyMs: number;
  /** The version that each was last seen with, and when that was written. */
  readonly #renewals = new Map<string, { readonly version: number; readonly at: number }>();
  #steadySince: number | undefined;
  #lastAt: number | undefined;
  #rememberedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #left = false;
  #renewing: Promise<void> | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#ttlMs = options.ttlMs ?? PRESENCE_TTL_MS;
    this.#everyMs = options.everyMs ?? EVERY_MS;
  }

  start(): void {
    const tick = (): void => {
      this.#renewing = this.#renew().finally(() => {
        if (!this.#left) this.#timer = setTimeout(tick, this.#everyMs);
      });
    };
    tick();
  }

  /** Says goodbye, so that nobody waits for this one to lapse. */
  async leave(): Promise<void> {
    this.#left = true;
    clearTimeout(this.#timer);
    await this.#renewing;
    const { store, name, about, now } = this.#options;
    // First that it leaves: whoever finds it missing must not take it for lost.
    await rememberLeaving(store, name, about(), now())
      .then(() => store.delete(PRESENCE, name))
      .catch(() => undefined);
  }

  async #renew(): Promise<void> {
    const { store, name, about, onSeen } = this.#options;
    const askedAt = performance.now();
    try {
      await store.set(PRESENCE, name, about(), this.#ttlMs);
      if (askedAt - this.#rememberedAt >= REMEMBER_EVERY_MS) {
        await rememberHost(store, name, about());
        this.#rememberedAt = askedAt;
      }
      const found = await store.list(PRESENCE);
      const now = performance.now();
      // Late by this process's own fault (it was frozen) or by the engine's: either way it has missed what went on.
      const late = now - (this.#lastAt ?? askedAt) > 2 * this.#everyMs;
      if (late || this.#steadySince === undefined) this.#steadySince = now;
      this.#lastAt = now;
      const present = this.#presentAmong(found, now);
      if (!this.#left) onSeen(present, now - this.#steadySince >= this.#ttlMs);
    } catch {
      this.#steadySince = undefined;
    }
  }

  #presentAmong(found: readonly StateEntry[], now: number): ReadonlySet<string> {
    const ttlMs = this.#ttlMs;
    for (const { name, version, leftMs } of found) {
      if (this.#renewals.get(name)?.version === version) continue;
      const ageMs = Math.min(Math.max(0, ttlMs - leftMs), ttlMs);
      this.#renewals.set(name, { version, at: now - ageMs });
    }
    for (const [name, { at }] of this.#renewals) if (now - at > ttlMs) this.#renewals.delete(name);
    return new Set(this.#renewals.keys());
  }
}
