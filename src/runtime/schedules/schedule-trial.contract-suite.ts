import { z } from 'zod';
import type { AnyEngineCase } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, defineSchedule, handle, type ScheduleDefinition } from '../../contracts/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';

export const report = defineJob({ queue: 'reports', name: 'report', schema: z.object({ day: z.string() }) });
export const keyed = defineJob({
  queue: 'reports',
  name: 'keyed-report',
  schema: z.object({ day: z.string() }),
  key: () => ['the-only-one'],
});
export const START = Date.parse('2026-01-01T00:00:00Z');
export const MINUTE = 60_000;

export interface SchedulerParts {
  readonly name?: string;
  readonly leaseMs?: number;
  readonly enqueueFrom?: SchedulerOptions['client']['enqueueFrom'];
}

/** What the tests of schedules share: an app whose handlers note what they were given, and a time that a test sets. */
export class ScheduleTrial {
  /** The time that schedules go by. */
  now = START;
  /** What ran, in its order. */
  readonly days: string[];
  /** The run of a report ends with it. */
  gate: Promise<void> = Promise.resolve();
  readonly running: RunningApp;
  readonly store: StateStore;
  readonly #schedulers: Scheduler[] = [];

  private constructor(running: RunningApp, store: StateStore, days: string[]) {
    this.running = running;
    this.store = store;
    this.days = days;
  }

  static async open(engineCase: AnyEngineCase): Promise<ScheduleTrial> {
    const days: string[] = [];
    const app = defineApp({
      jobs: [report, keyed],
      handlers: [
        handle(report, async ({ day }) => {
          days.push(day);
          await trial.gate;
        }),
        handle(keyed, async ({ day }) => {
          days.push(day);
        }),
      ],
    });
    const running = await runApp(engineCase, app);
    const trial = new ScheduleTrial(running, await openState(running.engine), days);
    return trial;
  }

  async close(): Promise<void> {
    await Promise.all(this.#schedulers.splice(0).map(each => each.stop()));
    await this.running.stop();
  }

  /** One that nobody starts: its rounds are the test's. */
  scheduler(
    rule: Partial<ScheduleDefinition<typeof report.schema>>,
    { name = 'one', leaseMs, enqueueFrom }: SchedulerParts = {},
  ): Scheduler {
    const schedule = defineSchedule({
      name: 'daily',
      job: report,
      data: slot => ({ day: slot.toISOString() }),
      ...(rule.cron === undefined && { every: '1m' as const }),
      ...rule,
    });
    const { client } = this.running;
    return this.add({
      app: defineApp({ jobs: [report, keyed], handlers: [], schedules: [schedule] }),
      client: {
        enqueueFrom: enqueueFrom ?? ((origin, requests) => client.enqueueFrom(origin, requests)),
        job: id => client.job(id),
      },
      name,
      ...(leaseMs !== undefined && { leaseMs }),
    });
  }

  /** Is stopped with the others. */
  add(options: Omit<SchedulerOptions, 'store' | 'facts' | 'now' | 'tickMs'>): Scheduler {
    const { facts } = this.running;
    const made = new Scheduler({ store: this.store, facts, now: () => this.now, tickMs: 10, ...options });
    this.#schedulers.push(made);
    return made;
  }

  ran(count: number): Promise<readonly string[]> {
    return waitFor(`${count} runs`, () => this.days.length >= count && this.days.toSorted());
  }
}
