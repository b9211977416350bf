import type { App } from '../../contracts/index.ts';
import { DeadLetters, type OtherDeadLetters } from '../../dead-letters/index.ts';
import type { Engine, EngineQueue } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { WorkReader } from '../work/read-work.ts';
import { AlertWatch } from './alert-watch.ts';
import type { SendAlert } from './send-alert.ts';

export interface WatchAlertsOptions {
  readonly app: App;
  readonly engine: Engine;
  readonly facts: Facts;
  /** Unique per process. */
  readonly name: string;
  readonly send: SendAlert;
  /** Dead letters that are no jobs. */
  readonly others?: readonly OtherDeadLetters[] | undefined;
}

/** Judges and tells from now on, as one of all supervisors and dashboards. Answers what stops it. */
export function watchAlerts({ app, engine, facts, name, send, others }: WatchAlertsOptions): () => Promise<void> {
  let queues: ReadonlyMap<string, EngineQueue> = new Map();
  // What cannot be read now is counted the next time.
  const letters = new DeadLetters({ engine, app, facts, others, onUnread: () => undefined, bounded: true });
  const works = new WorkReader({ app, engine, queues: () => queues, letters });
  const watch = new AlertWatch({
    engine,
    facts,
    name,
    send,
    async readWork() {
      if (queues.size < app.queues.size) {
        const names = [...app.queues.keys()];
        queues = new Map(await Promise.all(names.map(async queue => [queue, await engine.queue(queue)] as const)));
      }
      return works.read();
    },
  });
  watch.start();
  return () => watch.stop();
}
