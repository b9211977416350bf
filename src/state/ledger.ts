import { createHash } from 'node:crypto';
import type { Json, OnceOptions } from '../contracts/index.ts';
import { DeliveryError, EffectInDoubtError, EffectInProgressError, EffectTakenOverError } from '../errors/index.ts';
import type { StateEntry, StateStore } from './state-store.ts';

/** What is written of an effect. */
type Page =
  | { readonly stage: 'in-progress'; readonly leaseUntil: number }
  | { readonly stage: 'done'; readonly result?: Json | undefined }
  /** It may have happened: its process ended, or its far side fell silent, between asking and hearing. */
  | { readonly stage: 'unknown' };

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
  readonly #store: StateStore;
  readonly #scope: string;
  readonly #leaseMs: number;
  readonly #keepMs: number;

  constructor(store: StateStore, { scope, leaseMs = LEASE_MS, keepMs = KEEP_MS }: LedgerOptions) {
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
    const version = await this.#turn(name, entry?.version ?? 0, this.#lease());
    if (version === undefined) throw new EffectInProgressError(this.#scope, this.#leaseMs);
    return this.#perform(name, version, effect);
  }

  async #perform<Value extends Json | void>(
    name: string,
    claimed: number,
    effect: () => Value | Promise<Value>,
  ): Promise<Value> {
    let version: number | undefined = claimed;
    let renewing = Promise.resolve();
    const timer = setInterval(() => {
      renewing = (async () => {
        if (version !== undefined) version = await this.#turn(name, version, this.#lease()).catch(() => version);
      })();
    }, this.#leaseMs / 3);
    const settle = async (page: Page | undefined): Promise<boolean> => {
      clearInterval(timer);
      await renewing;
      if (version === undefined) return false;
      if (page === undefined) return this.#store.delete(LEDGER, name, version);
      return (await this.#turn(name, version, page)) !== undefined;
    };
    let value: Value;
    try {
      value = await effect();
    } catch (error) {
      const unknown = error instanceof DeliveryError && error.failure === 'unknown';
      // What cannot be noted stays in progress, and is in doubt when its lease has passed.
      await settle(unknown ? { stage: 'unknown' } : undefined).catch(() => undefined);
      throw error;
    }
    if (!(await settle({ stage: 'done', result: value === undefined ? undefined : value })))
      throw new EffectTakenOverError(this.#scope);
    return value;
  }

  #turn(name: string, version: number, page: Page): Promise<number | undefined> {
    return this.#store.compareAndSet(LEDGER, name, version, page, this.#keepMs);
  }

  #lease(): Page {
    return { stage: 'in-progress', leaseUntil: Date.now() + this.#leaseMs };
  }
}

function pageOf(entry: StateEntry | undefined): Page | undefined {
  return entry?.value as Page | undefined;
}
