import { createHash, randomUUID } from 'node:crypto';
import { isDeliveryError } from '../resilience/index.ts';
import type { Json, OnceOptions } from '../contracts/index.ts';
import { EffectInDoubtError } from './effect-in-doubt-error.ts';
import { EffectInProgressError } from './effect-in-progress-error.ts';
import { EffectTakenOverError } from './effect-taken-over-error.ts';
import type { LedgerStore } from './patient-store.ts';
import type { StateEntry } from './state-store.ts';

/** What is written of an effect. */
type Page =
  /** `holder` is one call of `once`: a write whose answer was lost is known again by it. */
  | { readonly stage: 'in-progress'; readonly leaseUntil: number; readonly holder: string }
  | { readonly stage: 'done'; readonly result?: Json | undefined; readonly holder?: string }
  /** It may have happened: its process ended, or its far side fell silent, between asking and hearing. */
  | { readonly stage: 'unknown'; readonly holder?: string };

/** A page in the hands of this process; without a version, in those of another. */
interface Held {
  readonly name: string;
  readonly holder: string;
  version: number | undefined;
}

export interface LedgerOptions {
  /** Whose effects: a handler's or a subscription's name. The same key in two scopes is two effects. */
  readonly scope: string;
  /** Renewed while the effect runs; a process that is gone is noticed when it has passed. */
  readonly leaseMs?: number;
  /** How long an effect that has happened is remembered. */
  readonly keepMs?: number;
}

const LEDGER = 'ledger';
const LEASE_MS = 30_000;
const KEEP_MS = 7 * 86_400_000;

/**
 * Remembers which effects have happened, with their results, so that a job that runs twice does them once. The store's versions are
 * the fencing tokens: a process that wakes up late finds the page in other hands and cannot overwrite it.
 *
 * Between the effect and its record a process can die: then it is in doubt, and the caller says what that means.
 */
export class Ledger {
  readonly #store: LedgerStore;
  readonly #scope: string;
  readonly #leaseMs: number;
  readonly #keepMs: number;

  constructor(store: LedgerStore, { scope, leaseMs = LEASE_MS, keepMs = KEEP_MS }: LedgerOptions) {
    this.#store = store;
    this.#scope = scope;
    this.#leaseMs = leaseMs;
    this.#keepMs = keepMs;
  }

  /**
   * Does the effect, or answers what it answered when it was done before. An effect that throws has not happened, unless it throws
   * a DeliveryError that says `unknown`; it may be tried again.
   * @throws EffectInProgressError while another process does it; EffectInDoubtError when it may have happened and `onDoubt` is
   * `hold`; EffectTakenOverError when this process was so late that another has done it meanwhile
   */
  async once<Value extends Json | void>(
    key: string,
    effect: () => Value | Promise<Value>,
    { onDoubt = 'again' }: OnceOptions = {},
  ): Promise<Value> {
    const name = createHash('sha256')
      .update(JSON.stringify([this.#scope, key]))
      .digest('base64url');
    const entry = await this.#store.get(LEDGER, name);
    const page = pageOf(entry);
    // What comes out of the ledger is what the same effect has put into it.
    if (page?.stage === 'done') return page.result as Value;
    if (page?.stage === 'in-progress' && page.leaseUntil > Date.now()) {
      throw new EffectInProgressError(this.#scope, page.leaseUntil - Date.now());
    }
    if (page !== undefined && onDoubt === 'hold') throw new EffectInDoubtError(this.#scope);
    const holder = randomUUID();
    const version =
      (await this.#turn(name, entry?.version ?? 0, this.#lease(holder))) ?? (await this.#versionOf(name, holder));
    if (version === undefined) throw new EffectInProgressError(this.#scope, this.#leaseMs);
    return this.#perform({ name, holder, version }, effect);
  }

  async #perform<Value extends Json | void>(held: Held, effect: () => Value | Promise<Value>): Promise<Value> {
    // One after the other: an engine that answers late must not make two renewals meet, and one of them look like another process.
    let renewing = Promise.resolve();
    const timer = setInterval(() => {
      renewing = renewing.then(() => this.#write(held, this.#lease(held.holder))).then(noted, noted);
    }, this.#leaseMs / 3);
    const settle = async (page: Page | undefined): Promise<boolean> => {
      clearInterval(timer);
      await renewing;
      if (page !== undefined) return this.#write(held, page);
      return held.version !== undefined && this.#store.delete(LEDGER, held.name, held.version);
    };
    let value: Value;
    try {
      value = await effect();
    } catch (error) {
      const unknown = isDeliveryError(error) && error.failure === 'unknown';
      // What cannot be noted stays in progress, and is in doubt when its lease has passed.
      await settle(unknown ? { stage: 'unknown', holder: held.holder } : undefined).catch(() => undefined);
      throw error;
    }
    const done: Page = { stage: 'done', result: value === undefined ? undefined : value, holder: held.holder };
    if (!(await settle(done))) throw new EffectTakenOverError(this.#scope);
    return value;
  }

  /** False when another process has taken the page over. A rejection says nothing: it may have been written. */
  async #write(held: Held, page: Page): Promise<boolean> {
    if (held.version === undefined) return false;
    const written = await this.#turn(held.name, held.version, page);
    held.version = written ?? (await this.#rewrite(held, page));
    return held.version !== undefined;
  }

  /** The page has another version than this process knows: its own, if an earlier answer was lost. */
  async #rewrite({ name, holder }: Held, page: Page): Promise<number | undefined> {
    const entry = await this.#store.get(LEDGER, name);
    const now = pageOf(entry);
    if (entry === undefined || now?.holder !== holder) return undefined;
    if (now.stage === 'in-progress') return this.#turn(name, entry.version, page);
    return now.stage === page.stage ? entry.version : undefined;
  }

  /** Undefined where the page is in other hands: else its version, that an answer was lost with. */
  async #versionOf(name: string, holder: string): Promise<number | undefined> {
    const entry = await this.#store.get(LEDGER, name);
    const now = pageOf(entry);
    return now?.stage === 'in-progress' && now.holder === holder ? entry?.version : undefined;
  }

  #turn(name: string, version: number, page: Page): Promise<number | undefined> {
    return this.#store.compareAndSet(LEDGER, name, version, page, this.#keepMs);
  }

  #lease(holder: string): Page {
    return { stage: 'in-progress', leaseUntil: Date.now() + this.#leaseMs, holder };
  }
}

function noted(): void {
  // A renewal that failed is tried again at the next turn.
}

function pageOf(entry: StateEntry | undefined): Page | undefined {
  return entry?.value as Page | undefined;
}
