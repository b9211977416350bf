import { z } from 'zod';
import type { AnyEngineCase } from '../../../tests/support/engines.ts';
import { defineApp, defineJob, type App } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn, type Client } from '../../queue/index.ts';
import { openSchedules } from '../../schedules/index.ts';
import { openState } from '../../state/index.ts';
import { RunTimeScheduler, type RunTimeSchedulerOptions } from './run-time-scheduler.ts';

export const digest = defineJob({ queue: 'digests', name: 'digest', schema: z.strictObject({ user: z.string() }) });
export const HOUR = 3_600_000;

/** What the tests of schedules that are made at run time share: a client, and schedulers whose time a test sets. Nobody runs the jobs. */
export class RunTimeTrial {
  /** The time that schedules go by. */
  now: number;
  readonly facts = new Facts();
  readonly client: Client;
  readonly engine: Engine;
  readonly #schedulers: RunTimeScheduler[] = [];
  readonly #cleanup: () => Promise<unknown>;

  private constructor(engine: Engine, client: Client, cleanup: () => Promise<unknown>) {
    this.engine = engine;
    this.client = client;
    this.now = engine.clock.now();
    this.#cleanup = cleanup;
  }

  static async open(engineCase: Pick<AnyEngineCase, 'open'>, app = appOf()): Promise<RunTimeTrial> {
    const { url, namespace, cleanup } = await engineCase.open();
    const engine = openEngine({ url, namespace, role: 'producer' });
    await engine.migrate();
    await engine.clock.known();
    return new RunTimeTrial(engine, clientOn(engine, new Facts(), undefined, undefined, app), cleanup);
  }

  async close(): Promise<void> {
    await Promise.all(this.#schedulers.map(each => each.stop()));
    await this.client.close();
    await this.#cleanup();
  }

  /** One that nobody starts: its rounds are the test's. */
  async scheduler(options: Partial<RunTimeSchedulerOptions> = {}): Promise<RunTimeScheduler> {
    const { client, engine, facts } = this;
    const [store, schedules] = [await openState(engine), openSchedules(engine)];
    const made = new RunTimeScheduler({
      app: appOf(),
      client,
      store,
      schedules,
      facts,
      name: 'one',
      now: () => this.now,
      ...options,
    });
    this.#schedulers.push(made);
    return made;
  }

  /** The users whose digests were queued, one for each job. */
  async queued(): Promise<readonly string[]> {
    const queue = await this.engine.queue('digests');
    const jobs = await queue.getJobs(['waiting', 'prioritized', 'delayed']);
    return jobs.map(({ data }) => digest.schema.parse(data).user).toSorted();
  }
}

export function appOf(...jobs: Parameters<typeof defineApp>[0]['jobs']): App {
  return defineApp({ jobs: jobs.length === 0 ? [digest] : jobs, handlers: [] });
}
