import { toError } from '../../errors/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import { conditionsOf } from '../conditions/conditions.ts';
import type { Work } from '../work/work.ts';
import type { AlertMessage } from './alert-message.ts';
import { ENGINE_AWAY } from './alert-rules.ts';
import { ALERTS, judgeAlerts, type Judgement, type KnownCondition } from './judge-alerts.ts';
import type { SendAlert } from './send-alert.ts';

export interface AlertWatchOptions {
  readonly engine: Engine;
  readonly facts: Facts;
  /** Who judges, in the shared state: unique per process. */
  readonly name: string;
  readonly send: SendAlert;
  /** Rejects when the engine does not answer. */
  readonly readWork: () => Promise<Work>;
  /** Milliseconds since 1970; the engine's when left out. */
  readonly now?: () => number;
  readonly everyMs?: number;
  readonly leaseMs?: number;
}

const EVERY_MS = 5_000;
const LEASE_MS = 16_000;
const LEAD = 'alert-lead';
const LEADER = 'leader';
const STOP_MS = 500;
const KEPT_MS = 30 * 86_400_000;

/**
 * Judges again and again what people must be told, and tells them. Every supervisor and every dashboard has one; one of them judges at a time,
 * by a lease in the shared state, where it also notes what was told: so it is told once, whoever dies. That the engine is away is told from
 * memory, by the one that judged last: nobody can ask then who does.
 *
 * A message goes out before it is noted. Whoever dies between the two lets the next one send it again, with the same `webhook-id`.
 */
export class AlertWatch {
  readonly #options: AlertWatchOptions;
  readonly #now: () => number;
  #lease: number | undefined;
  #awaySince: number | undefined;
  #toldAway: AlertMessage | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;
  readonly #heard: readonly (() => void)[];

  constructor(options: AlertWatchOptions) {
    this.#options = options;
    const { facts, engine, now = () => engine.clock.now() } = options;
    this.#now = now;
    this.#heard = [
      facts.on('engine.lost', () => (this.#awaySince ??= now())),
      facts.on('engine.back', () => (this.#awaySince = undefined)),
    ];
  }

  start(): void {
    const { everyMs = EVERY_MS } = this.#options;
    const tick = (): void => {
      this.#looking = this.look().finally(() => {
        if (this.#stopped) return;
        this.#timer = setTimeout(tick, everyMs);
        this.#timer.unref();
      });
    };
    tick();
  }

  /** Gives the lead away, so that the next one need not wait for the lease. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const stop of this.#heard) stop();
    // A webhook that does not answer must not make the stop late: what it was sent is sent again by the next one, with the same id.
    await Promise.race([this.#looking, new Promise(resolve => setTimeout(resolve, STOP_MS).unref())]);
    const lease = this.#lease;
    if (lease === undefined || this.#awaySince !== undefined) return;
    await openState(this.#options.engine)
      .then(store => store.delete(LEAD, LEADER, lease))
      .catch(() => undefined);
  }

  /** Never rejects: what cannot be read or told now is judged the next time. */
  async look(): Promise<void> {
    const { facts } = this.#options;
    try {
      if (this.#awaySince === undefined) await this.#judge();
      else await this.#judgeAway(this.#awaySince);
    } catch (error) {
      // That the engine is away is a fact of its own.
      if (this.#awaySince === undefined) facts.emit('alert.failed', { error: toError(error) });
    }
  }

  async #judge(): Promise<void> {
    const { engine, readWork } = this.#options;
    const store = await openState(engine);
    if (!(await this.#leads(store))) return;
    await this.#tellBack();
    const [work, entries] = await Promise.all([readWork(), store.list(ALERTS)]);
    const known = new Map(entries.map(({ name, value }) => [name, value as KnownCondition]));
    const versions = new Map(entries.map(({ name, version }) => [name, version]));
    for (const judgement of judgeAlerts(conditionsOf(work), known, work.now)) {
      if (this.#stopped) return;
      await this.#carryOut(store, judgement, known.get(judgement.key), versions.get(judgement.key) ?? 0);
    }
  }

  async #carryOut(
    store: StateStore,
    { key, known, message }: Judgement,
    before: KnownCondition | undefined,
    version: number,
  ): Promise<void> {
    if (message !== undefined && !(await this.#tell(message))) return;
    if (known === undefined) await store.delete(ALERTS, key, version);
    else if (JSON.stringify(known) !== JSON.stringify(before)) {
      await store.compareAndSet(ALERTS, key, version, known, KEPT_MS);
    }
  }

  async #leads(store: StateStore): Promise<boolean> {
    const { name, leaseMs = LEASE_MS } = this.#options;
    const take = (version: number): Promise<number | undefined> =>
      store.compareAndSet(LEAD, LEADER, version, { name }, leaseMs);
    const renewed = this.#lease === undefined ? undefined : await take(this.#lease);
    this.#lease = renewed ?? (await take(0));
    return this.#lease !== undefined;
  }

  async #judgeAway(since: number): Promise<void> {
    if (this.#lease === undefined || this.#toldAway !== undefined) return;
    if (this.#now() - since < ENGINE_AWAY.forMs) return;
    const message: AlertMessage = {
      event: 'started',
      kind: 'engine away',
      about: this.#options.engine.kind,
      text: `The queue engine (${this.#options.engine.kind}) cannot be reached. Nothing is lost; work goes on when it is back.`,
      needsYou: true,
      size: 1,
      since,
      path: '/',
    };
    if (await this.#tell(message)) this.#toldAway = message;
  }

  async #tellBack(): Promise<void> {
    const told = this.#toldAway;
    if (told === undefined) return;
    if (await this.#tell({ ...told, event: 'ended', endedAt: this.#now() })) this.#toldAway = undefined;
  }

  /** Whether it arrived; a failure is a fact, and tried again at the next look. */
  async #tell(message: AlertMessage): Promise<boolean> {
    const { facts, send } = this.#options;
    const { event, kind, about, size } = message;
    try {
      await send(message);
      facts.emit('alert.sent', { event, kind, about, size });
      return true;
    } catch (error) {
      facts.emit('alert.failed', { error: toError(error) });
      return false;
    }
  }
}
