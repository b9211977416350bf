import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { AnyEngineCase } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle, type App, type QueueDefinition } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import type { Client } from '../../queue/index.ts';
import { DeliveryError, type FailureKind, fixed } from '../../resilience/index.ts';

const call = defineJob({
  queue: 'calls',
  name: 'call',
  schema: z.object({ host: z.string(), n: z.number() }),
  retry: { attempts: 3, backoff: fixed('10ms') },
  destination: ({ host }) => host,
});

export interface Call {
  readonly host: string;
  readonly n: number;
  /** By the engine's clock. */
  readonly at: number;
}

/** What the tests of destinations share: an app that calls hosts, which are as sick as the test says. */
export class CallTrial {
  readonly calls: Call[] = [];
  sick: ReadonlyMap<string, FailureKind> = new Map();
  /** Done while a host is called. */
  during: () => Promise<void> = async () => undefined;
  app: App = defineApp({ jobs: [call], handlers: [] });
  readonly #case: AnyEngineCase;
  #app: RunningApp | undefined;

  constructor(engineCase: AnyEngineCase) {
    this.#case = engineCase;
  }

  async start(queue: QueueDefinition): Promise<void> {
    const work = handle(call, async ({ host, n }) => {
      this.calls.push({ host, n, at: this.engine.clock.now() });
      const failure = this.sick.get(host);
      await this.during();
      if (failure !== undefined) throw new DeliveryError(failure, `${host} is sick`, { destination: host });
    });
    this.app = defineApp({ jobs: [call], handlers: [work], queues: { calls: queue } });
    this.#app = await runApp(this.#case, this.app);
  }

  async close(): Promise<void> {
    await this.#app?.stop();
  }

  get engine(): Engine {
    return this.#running.engine;
  }

  get client(): Client {
    return this.#running.client;
  }

  get facts(): Facts {
    return this.#running.facts;
  }

  /** Answers the ids. */
  async enqueue(host: string, ...numbers: number[]): Promise<readonly string[]> {
    const receipts = await this.client.enqueueMany(numbers.map(n => call({ host, n })));
    return receipts.map(({ id }) => id);
  }

  /** Counts how many calls run at once; none ends before so many do, however slowly they are taken. */
  mostAtOnce(expected: number): () => number {
    let most = 0;
    let now = 0;
    this.during = async () => {
      most = Math.max(most, (now += 1));
      await waitFor(`${expected} at once`, () => most >= expected);
      await pause(30);
      now -= 1;
    };
    return () => most;
  }

  get #running(): RunningApp {
    if (this.#app === undefined) throw new Error('The app has not been started.');
    return this.#app;
  }
}
