import { LEAD_LEASE_MS } from '../../schedules/index.ts';
import type { StateStore } from '../../state/index.ts';

export interface LeadOptions {
  readonly store: StateStore;
  /** What is led: those who want to lead the same name it alike. */
  readonly what: string;
  /** Who leads, in the shared state: the supervisor's name. */
  readonly name: string;
  /** Engine time. */
  readonly now: () => number;
  readonly leaseMs?: number | undefined;
}

/** Between two looks that are further apart this host could not enqueue. */
const LOST_MS = 5_000;

/** The lead of one host over the others, by a lease in the shared state: whoever has it renews it with each look. */
export class Lead {
  readonly #options: LeadOptions;
  #lease: number | undefined;
  #readySince = Infinity;
  #lookedAt = -Infinity;

  constructor(options: LeadOptions) {
    this.#options = options;
  }

  /** Since when each look has come in time and was answered. */
  get readySince(): number {
    return this.#readySince;
  }

  /** Takes or renews the lead. Answers whether this host has it. */
  async take(): Promise<boolean> {
    let leads: boolean;
    try {
      leads = await this.#renew();
    } catch (error) {
      this.interrupted();
      throw error;
    }
    this.looked();
    return leads;
  }

  /** Whoever works through many is there, too. Answers since when. */
  looked(): number {
    const now = this.#options.now();
    if (Math.abs(now - this.#lookedAt) > LOST_MS) this.#readySince = now;
    this.#lookedAt = now;
    return this.#readySince;
  }

  /** What came due meanwhile counts as missed. */
  interrupted(): void {
    this.#lookedAt = -Infinity;
  }

  /** Somebody else leads by now. */
  lost(): void {
    this.#lease = undefined;
  }

  /** So that the next leader need not wait for the lease. */
  async giveAway(): Promise<void> {
    const { store, what } = this.#options;
    if (this.#lease !== undefined) await store.delete('scheduler', what, this.#lease).catch(() => undefined);
    this.#lease = undefined;
  }

  async #renew(): Promise<boolean> {
    const { store, name, what, leaseMs = LEAD_LEASE_MS } = this.#options;
    const take = (version: number): Promise<number | undefined> =>
      store.compareAndSet('scheduler', what, version, { name }, leaseMs);
    const renewed = this.#lease === undefined ? undefined : await take(this.#lease);
    // A lease that has lapsed while this process was slow is free, unless another has it by now.
    this.#lease = renewed ?? (await take(0));
    return this.#lease !== undefined;
  }
}
