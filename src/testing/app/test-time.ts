import type { App } from '../../contracts/index.ts';
import type { Engine, MemoryQueue, VirtualClock } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import type { Client } from '../../queue/index.ts';
import { RunTimeScheduler, Scheduler } from '../../runtime/index.ts';
import { openSchedules } from '../../schedules/index.ts';
import { openState } from '../../state/index.ts';

export interface TestTimeOptions {
  readonly app: App;
  readonly engine: Engine;
  readonly client: Client;
  readonly facts: Facts;
  readonly clock: VirtualClock;
  readonly queues: () => readonly MemoryQueue[];
}

interface Schedulers {
  readonly ofApp: Scheduler | undefined;
  readonly atRunTime: RunTimeScheduler;
}

/** Moves the time of a test from one moment at which something is due to the next. */
export class TestTime {
  readonly #options: TestTimeOptions;
  #schedulers: Schedulers | undefined;

  constructor(options: TestTimeOptions) {
    this.#options = options;
  }

  /** Schedules begin with their next slot; also what became due while the engine was away is dealt with here. */
  async begin(): Promise<void> {
    try {
      this.#schedulers ??= await this.#open();
      await this.#schedulers.ofApp?.tick();
      await this.#schedulers.atRunTime.tick();
    } catch {
      // The engine is away: its schedulers try again.
    }
  }

  /** Moves to the next moment at which something is due, but not behind `end`; answers whether there is any more. */
  async toNext(end: number): Promise<boolean> {
    const { clock } = this.#options;
    const at = Math.min(end, await this.#nextDue());
    if (at > clock.now()) await clock.advance(at - clock.now());
    await this.begin();
    return at < end;
  }

  async stop(): Promise<void> {
    await this.#schedulers?.ofApp?.stop();
    await this.#schedulers?.atRunTime.stop();
  }

  async #nextDue(): Promise<number> {
    const { clock, queues } = this.#options;
    const now = clock.now();
    const due = queues().flatMap(queue => [queue.nextDueAt() ?? Infinity, limitEnds(queue, now)]);
    const { ofApp, atRunTime } = this.#schedulers ?? {};
    const slots = [ofApp?.nextAfter(now), await atRunTime?.nextDue().catch(() => undefined)];
    return Math.min(Infinity, ...[...slots, ...due].map(at => (at !== undefined && at > now ? at : Infinity)));
  }

  async #open(): Promise<Schedulers> {
    const { app, engine, client, facts, clock } = this.#options;
    const store = await openState(engine);
    const options = { app, client, store, facts, name: 'scheduler', now: () => clock.now() };
    return {
      ofApp: app.schedules.length === 0 ? undefined : new Scheduler(options),
      atRunTime: new RunTimeScheduler({ ...options, schedules: openSchedules(engine) }),
    };
  }
}

/** When a queue that is above its rate may go on. */
function limitEnds(queue: MemoryQueue, now: number): number {
  const forMs = queue.inState('waiting').length > 0 ? queue.rate.limitedMs(now) : 0;
  return forMs > 0 ? now + forMs : Infinity;
}
