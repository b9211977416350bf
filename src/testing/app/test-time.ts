import type { App } from '../../contracts/index.ts';
import type { Engine, MemoryQueue, VirtualClock } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import type { Client } from '../../queue/index.ts';
import { Scheduler } from '../../runtime/index.ts';
import { openState } from '../../state/index.ts';

export interface TestTimeOptions {
  readonly app: App;
  readonly engine: Engine;
  readonly client: Client;
  readonly facts: Facts;
  readonly clock: VirtualClock;
  readonly queues: () => readonly MemoryQueue[];
}

/** Moves the time of a test from one moment at which something is due to the next. */
export class TestTime {
  readonly #options: TestTimeOptions;
  #scheduler: Scheduler | undefined;

  constructor(options: TestTimeOptions) {
    this.#options = options;
  }

  /** Schedules begin with their next slot; also what became due while the engine was away is dealt with here. */
  async begin(): Promise<void> {
    const { app } = this.#options;
    if (app.schedules.length === 0) return;
    try {
      this.#scheduler ??= await this.#open();
      await this.#scheduler.tick();
    } catch {
      // The engine is away: its scheduler tries again.
    }
  }

  /** Moves to the next moment at which something is due, but not behind `end`; answers whether there is any more. */
  async toNext(end: number): Promise<boolean> {
    const { clock } = this.#options;
    const at = Math.min(end, this.#nextDue());
    if (at > clock.now()) await clock.advance(at - clock.now());
    await this.begin();
    return at < end;
  }

  async stop(): Promise<void> {
    await this.#scheduler?.stop();
  }

  #nextDue(): number {
    const { clock, queues } = this.#options;
    const now = clock.now();
    const due = queues().flatMap(queue => [queue.nextDueAt() ?? Infinity, limitEnds(queue, now)]);
    return Math.min(this.#scheduler?.nextAfter(now) ?? Infinity, ...due.filter(at => at > now));
  }

  async #open(): Promise<Scheduler> {
    const { app, engine, client, facts, clock } = this.#options;
    const store = await openState(engine);
    return new Scheduler({ app, client, store, facts, name: 'scheduler', now: () => clock.now() });
  }
}

/** When a queue that is above its rate may go on. */
function limitEnds(queue: MemoryQueue, now: number): number {
  const forMs = queue.inState('waiting').length > 0 ? queue.rate.limitedMs(now) : 0;
  return forMs > 0 ? now + forMs : Infinity;
}
