import { Counter, Gauge } from 'prom-client';
import { WorkGauges, type WorkGaugesOptions } from './gauge-work.ts';
import type { NamedParts } from './known-names.ts';
import type { Metrics } from './collect-metrics.ts';
import { growing, mergeSnapshots, readSnapshot, writeExposition, type Snapshot } from './snapshot.ts';

/** What one worker process answered; undefined: nothing in time. */
export interface WorkerAnswer {
  readonly worker: string;
  readonly value: unknown;
}

export interface HostMetricsOptions {
  /** Of the supervisor's own process. */
  readonly own: Metrics;
  readonly app: Pick<NamedParts, 'schedules'>;
  readonly work: WorkGaugesOptions;
  /** Asks every worker process for its snapshot; resolves when all have answered or the time is over. */
  readonly ask: (withinMs: number) => Promise<readonly WorkerAnswer[]>;
}

const ANSWER_WITHIN_MS = 500;

/**
 * The metrics of a host: its own and those of its worker processes, as one.
 *
 * A counter that falls looks like one that began anew, and what it still holds would be counted a second time. So what a worker
 * had counted stays in the sum when it has left, and when it does not answer in time. What it counted after it was last asked is
 * lost with it.
 */
export class HostMetrics {
  readonly #options: HostMetricsOptions;
  readonly #work: WorkGauges;
  readonly #last = new Map<string, Snapshot>();
  readonly #answering: Gauge;
  readonly #unanswered: Counter;
  #gone: Snapshot = [];
  #gathering: Promise<string> | undefined;

  constructor(options: HostMetricsOptions) {
    this.#options = options;
    const { registry } = options.own;
    this.#work = new WorkGauges(registry, options.app, options.work);
    const registers = [registry];
    this.#answering = new Gauge({
      name: 'shiftwork_workers_answering',
      help: 'Worker processes whose metrics are part of this answer.',
      registers,
    });
    this.#unanswered = new Counter({
      name: 'shiftwork_workers_unanswered_total',
      help: `Worker processes that did not say theirs within ${ANSWER_WITHIN_MS} ms; their counters stand as they were.`,
      registers,
    });
  }

  /** The text format of Prometheus. Several who ask at once get one answer. */
  text(): Promise<string> {
    this.#gathering ??= this.#gather().finally(() => (this.#gathering = undefined));
    return this.#gathering;
  }

  async #gather(): Promise<string> {
    const [answers] = await Promise.all([this.#options.ask(ANSWER_WITHIN_MS), this.#work.refresh()]);
    const present = new Set(answers.map(({ worker }) => worker));
    for (const [worker, last] of this.#last) {
      if (present.has(worker)) continue;
      this.#gone = await mergeSnapshots([this.#gone, growing(last)]);
      this.#last.delete(worker);
    }
    const snapshots: Snapshot[] = [];
    let answering = 0;
    for (const { worker, value } of answers) {
      const snapshot = readSnapshot(value);
      if (snapshot === undefined) {
        snapshots.push(growing(this.#last.get(worker) ?? []));
        continue;
      }
      answering += 1;
      this.#last.set(worker, snapshot);
      snapshots.push(snapshot);
    }
    this.#answering.set(answering);
    this.#unanswered.inc(answers.length - answering);
    return writeExposition([await this.#options.own.snapshot(), this.#gone, ...snapshots]);
  }
}
