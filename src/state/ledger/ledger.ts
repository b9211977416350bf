import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeliveryError } from '../../resilience/index.ts';
import { misfitOf, type Json, type OnceOptions } from '../../contracts/index.ts';
import { EffectInDoubtError } from './effect-in-doubt-error.ts';
import { EffectInProgressError } from './effect-in-progress-error.ts';
import { EffectRefusedError } from './effect-refused-error.ts';
import { EffectTakenOverError } from './effect-taken-over-error.ts';
import type { LedgerStore } from '../store/patient-store.ts';
import { createScrubber, type PayloadCipher } from '../../privacy/index.ts';
import type { Secrets } from '../../secrets/index.ts';
import { effectNameOf } from './effect-name.ts';
import { requireOnce } from './require-once.ts';
import type { StateEntry } from '../store/state-store.ts';

/** What the ledger writes about an effect. */
type Page =
  | {
      readonly stage: 'in-progress';
      /** Names one call of `once`, which knows by it a write of its own whose answer was lost. */
      readonly holder: string;
      /** The worker that does it. Nobody waits for it once it is known to be gone. */
      readonly worker?: string | undefined;
      /** Each writing of this page holds for so long. The engine says how long ago the last one was. */
      readonly leaseMs?: number;
      readonly keepMs?: number;
      /** How often it has been renewed: it is under way for a third of a lease longer each time. */
      readonly renewals?: number;
      /** Releases before 0.2, which may still run beside this one, go by it. */
      readonly leaseUntil: number;
    }
  | {
      readonly stage: 'done';
      readonly result?: Json | undefined;
      readonly holder?: string;
      /** It answered what JSON cannot hold: nobody knows its result any more. */
      readonly refused?: true;
      /** What it was that JSON cannot hold, and nothing of its data. */
      readonly misfit?: string | undefined;
    }
  /** It may have happened: its process ended, or its far side fell silent, between asking and hearing. */
  | { readonly stage: 'unknown'; readonly holder?: string };

/** A page in the hands of this process; without a version, in those of another. */
interface ClaimedEffect {
  readonly name: string;
  readonly holder: string;
  version: number | undefined;
}

export interface LedgerOptions {
  /** The handler or the subscription whose effects these are. The same key in two scopes is two effects. */
  readonly scope: string;
  /** Renewed while the effect runs; a process that is gone is noticed when it has passed. */
  readonly leaseMs?: number;
  /** What the names of effects are keyed with. Left out in tests alone. */
  readonly secrets?: Secrets | undefined;
  /** What opens what effects have answered, where their contract encrypts or has. Left out where nothing of the scope ever was encrypted. */
  readonly cipher?: PayloadCipher | undefined;
  /** Whether what effects answer is kept encrypted; false when left out. */
  readonly encrypts?: boolean | undefined;
  /** The contract's sensitive fields: their values, where an effect answers them, stand in no error. */
  readonly sensitive?: readonly string[] | undefined;
  /** Who does the effects. */
  readonly worker?: string | undefined;
  /** Nobody waits for another one's effect once it has aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Names of workers that are known to be gone, kept for longer than any lease. Nobody waits for what they were doing. */
export const GONE_WORKERS = 'gone-worker';

const LEDGER = 'ledger';
const LEASE_MS = 30_000;
const KEEP_MS = 7 * 86_400_000;
/** Most effects take less, so a call waits here, with pauses that grow. A job that meets a longer one comes again. */
const WAIT_MS = 500;
const PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 80;
/** When a job comes again: half as long as the effect has taken so far, within these. */
const AGAIN_MS = [250, 3_000] as const;

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
  readonly #worker: string | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #secrets: Secrets | undefined;
  readonly #cipher: PayloadCipher | undefined;
  readonly #encrypts: boolean;
  readonly #sensitive: readonly string[];

  constructor(store: LedgerStore, options: LedgerOptions) {
    const { scope, leaseMs = LEASE_MS, worker, signal, secrets, cipher, encrypts = false, sensitive = [] } = options;
    this.#sensitive = sensitive;
    this.#cipher = cipher;
    this.#encrypts = encrypts;
    this.#secrets = secrets;
    this.#worker = worker;
    this.#signal = signal;
    this.#store = store;
    this.#scope = scope;
    this.#leaseMs = leaseMs;
  }

  /**
   * Does the effect, or answers what it answered when it was done before. An effect that throws has not happened, unless it throws
   * a DeliveryError that says `unknown`; it may be tried again.
   * @throws InvalidOptionsError, before anything is asked; EffectInProgressError while another process does it; EffectInDoubtError when it may have happened and `onDoubt` is
   * `hold`; PayloadKeyMissingError; EffectTakenOverError when this process was so late that another has done it meanwhile;
   * EffectRefusedError when it answers what JSON cannot hold, and whenever it is asked for afterwards
   */
  async once<Value extends Json | void>(
    key: string,
    effect: () => Value | Promise<Value>,
    options?: OnceOptions,
  ): Promise<Value> {
    requireOnce(key, effect, options);
    const { onDoubt = 'again' } = options ?? {};
    const { name, entry: first } = await this.#find(key);
    for (let seen = first; ; seen = await this.#store.get(LEDGER, name)) {
      const entry = await this.#notUnderWay(name, seen);
      const page = pageOf(entry);
      // What comes out of the ledger is what the same effect has put into it.
      if (page?.stage === 'done') {
        if (page.refused === true) throw new EffectRefusedError(this.#scope, page.misfit);
        return this.#opened(page.result) as Value;
      }
      if (page !== undefined && onDoubt === 'hold') throw new EffectInDoubtError(this.#scope);
      const holder = randomUUID();
      const version =
        (await this.#turn(name, entry?.version ?? 0, this.#lease(holder, 0))) ?? (await this.#versionOf(name, holder));
      // Otherwise somebody else was first, and is waited for.
      if (version !== undefined) return this.#perform({ name, holder, version }, effect);
    }
  }

  /** Looks in one question for its page, under its name and under one that it had before. */
  async #find(key: string): Promise<{ readonly name: string; readonly entry: StateEntry | undefined }> {
    const { present, before } = effectNameOf(this.#scope, key, this.#secrets);
    const entries = await this.#store.getMany(LEDGER, [present, ...before]);
    const entry = [present, ...before].map(name => entries.find(each => each.name === name)).find(each => each);
    return { name: entry?.name ?? present, entry };
  }

  /**
   * The page as soon as nobody is at it: the effect has been done, nobody has begun it, or whoever did has fallen silent for longer than a
   * lease, by the engine's clock, or is known to be gone.
   * @throws EffectInProgressError where that takes longer than somebody should wait here
   */
  async #notUnderWay(name: string, seen: StateEntry | undefined): Promise<StateEntry | undefined> {
    const begunAt = performance.now();
    let entry = seen;
    for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const page = pageOf(entry);
      if (entry === undefined || page?.stage !== 'in-progress') return entry;
      const { leaseMs = LEASE_MS, keepMs = KEEP_MS, renewals = 0, worker } = page;
      const silentMs = keepMs - entry.leftMs;
      if (silentMs >= leaseMs || (worker !== undefined && (await this.#isGone(worker)))) return entry;
      if (performance.now() - begunAt >= WAIT_MS || this.#signal?.aborted === true) {
        const underWayMs = (renewals * leaseMs) / 3 + silentMs;
        const [soonest, latest] = AGAIN_MS;
        throw new EffectInProgressError(this.#scope, Math.min(Math.max(underWayMs / 2, soonest), latest));
      }
      await sleep(pauseMs, undefined, this.#signal && { signal: this.#signal }).catch(() => undefined);
      entry = await this.#store.get(LEDGER, name);
    }
  }

  async #isGone(worker: string): Promise<boolean> {
    return (await this.#store.get(GONE_WORKERS, worker)) !== undefined;
  }

  async #perform<Value extends Json | void>(
    claimed: ClaimedEffect,
    effect: () => Value | Promise<Value>,
  ): Promise<Value> {
    // Renewals go one after another. Where an engine answers late two would meet, and one would look like another process.
    let renewing = Promise.resolve();
    let renewals = 0;
    const timer = setInterval(() => {
      renewals += 1;
      const page = this.#lease(claimed.holder, renewals);
      renewing = renewing.then(() => this.#write(claimed, page)).then(noted, noted);
    }, this.#leaseMs / 3);
    const settle = async (page: Page | undefined): Promise<boolean> => {
      clearInterval(timer);
      await renewing;
      if (page !== undefined) return this.#write(claimed, page);
      return claimed.version !== undefined && this.#store.delete(LEDGER, claimed.name, claimed.version);
    };
    let value: Value;
    try {
      value = await effect();
    } catch (error) {
      const unknown = isDeliveryError(error) && error.failure === 'unknown';
      // An effect whose end cannot be noted stays in progress, and is in doubt when its lease has passed.
      await settle(unknown ? { stage: 'unknown', holder: claimed.holder } : undefined).catch(() => undefined);
      throw error;
    }
    const { holder } = claimed;
    const misfit =
      value === undefined ? undefined : misfitOf(value, () => createScrubber({ sensitive: this.#sensitive }, value));
    const done: Page =
      misfit === undefined
        ? { stage: 'done', result: this.#kept(value), holder }
        : { stage: 'done', refused: true, misfit: misfit.kind, holder };
    if (!(await settle(done))) throw new EffectTakenOverError(this.#scope);
    if (misfit !== undefined) throw new EffectRefusedError(this.#scope, misfit.problem);
    return value;
  }

  /** False when another process has taken the page over. A rejection says nothing: it may have been written. */
  async #write(claimed: ClaimedEffect, page: Page): Promise<boolean> {
    if (claimed.version === undefined) return false;
    const written = await this.#turn(claimed.name, claimed.version, page);
    claimed.version = written ?? (await this.#rewrite(claimed, page));
    return claimed.version !== undefined;
  }

  /** The page has another version than this process knows: its own, if an earlier answer was lost. */
  async #rewrite({ name, holder }: ClaimedEffect, page: Page): Promise<number | undefined> {
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

  #kept(value: Json | void): Json | undefined {
    if (value === undefined) return undefined;
    if (this.#cipher === undefined || !this.#encrypts) return value;
    return this.#cipher.encryptJson(this.#scope, 'effect', JSON.stringify(value));
  }

  #opened(kept: Json | undefined): unknown {
    if (this.#cipher === undefined) return kept;
    return this.#encrypts
      ? this.#cipher.decryptValue(this.#scope, 'effect', kept)
      : this.#cipher.openedValue(this.#scope, 'effect', kept);
  }

  #turn(name: string, version: number, page: Page): Promise<number | undefined> {
    return this.#store.compareAndSet(LEDGER, name, version, page, KEEP_MS);
  }

  #lease(holder: string, renewals: number): Page {
    const [leaseMs, keepMs, worker] = [this.#leaseMs, KEEP_MS, this.#worker];
    return { stage: 'in-progress', holder, worker, leaseMs, keepMs, renewals, leaseUntil: Date.now() + leaseMs };
  }
}

function noted(): void {
  // A renewal that failed is tried again at the next turn.
}

function pageOf(entry: StateEntry | undefined): Page | undefined {
  return entry?.value as Page | undefined;
}
