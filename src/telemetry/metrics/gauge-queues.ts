import { Gauge, type Registry } from 'prom-client';

/** A queue as it stands; `readQueueFigures` of `src/queue` reads it. */
export interface QueueReading {
  readonly name: string;
  readonly paused: boolean;
  readonly waiting: number;
  /** Of those that wait: set aside by limits and pauses. */
  readonly held: number;
  readonly running: number;
  readonly delayed: number;
  readonly succeeded: number;
  readonly dead: number;
  readonly oldestDueMs: number | undefined;
}

export interface QueueGaugesOptions {
  /** Reads every queue; may wait for an engine that is away. */
  readonly read: () => Promise<readonly QueueReading[]>;
  /** A scrape waits for so long; 500 ms by default. */
  readonly withinMs?: number;
  /** Several scrapes within so long share a reading; 1 s by default. */
  readonly freshMs?: number;
}

const STATES = ['waiting', 'running', 'delayed', 'succeeded', 'dead'] as const;

/** How deep the queues are, read when somebody asks. While the engine does not answer there are no such series. */
export class QueueGauges {
  readonly #options: QueueGaugesOptions;
  readonly #depth: Gauge<'queue' | 'state'>;
  readonly #oldest: Gauge<'queue'>;
  readonly #paused: Gauge<'queue'>;
  readonly #held: Gauge<'queue'>;
  readonly #readable: Gauge;
  #reading: Promise<readonly QueueReading[] | undefined> | undefined;
  #read: { readonly at: number; readonly queues: readonly QueueReading[] } | undefined;

  constructor(registry: Registry, options: QueueGaugesOptions) {
    this.#options = options;
    const registers = [registry];
    this.#depth = new Gauge({
      name: 'shiftwork_queue_depth',
      help: 'Jobs by what is to become of them; succeeded and dead: those that are kept. Every host tells of all: use max.',
      labelNames: ['queue', 'state'],
      aggregator: 'max',
      registers,
    });
    this.#oldest = new Gauge({
      name: 'shiftwork_queue_oldest_due_seconds',
      help: 'How long the job that is due longest has been due; 0 when none is.',
      labelNames: ['queue'],
      aggregator: 'max',
      registers,
    });
    this.#paused = new Gauge({
      name: 'shiftwork_queue_paused',
      help: '1 while a queue is paused.',
      labelNames: ['queue'],
      aggregator: 'max',
      registers,
    });
    this.#held = new Gauge({
      name: 'shiftwork_queue_held',
      help: 'Jobs of those that wait that limits and pauses have set aside: more workers do not help them.',
      labelNames: ['queue'],
      aggregator: 'max',
      registers,
    });
    this.#readable = new Gauge({
      name: 'shiftwork_queues_readable',
      help: '1 when the queues could be read for this answer.',
      aggregator: 'min',
      registers,
    });
  }

  /** Never rejects, and never takes longer than the limit. */
  async refresh(): Promise<void> {
    const queues = await this.#current();
    for (const gauge of [this.#depth, this.#oldest, this.#paused, this.#held]) gauge.reset();
    this.#readable.set(queues === undefined ? 0 : 1);
    for (const queue of queues ?? []) {
      for (const state of STATES) this.#depth.set({ queue: queue.name, state }, queue[state]);
      this.#oldest.set({ queue: queue.name }, (queue.oldestDueMs ?? 0) / 1_000);
      this.#paused.set({ queue: queue.name }, queue.paused ? 1 : 0);
      this.#held.set({ queue: queue.name }, queue.held);
    }
  }

  async #current(): Promise<readonly QueueReading[] | undefined> {
    const { read, withinMs = 500, freshMs = 1_000 } = this.#options;
    if (this.#read !== undefined && performance.now() - this.#read.at < freshMs) return this.#read.queues;
    // One at a time: an engine that is away must not gather questions.
    this.#reading ??= read()
      .then(
        queues => {
          this.#read = { at: performance.now(), queues };
          return queues;
        },
        () => undefined,
      )
      .finally(() => (this.#reading = undefined));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>(resolve => (timer = setTimeout(resolve, withinMs, undefined)));
    return Promise.race([this.#reading, late]).finally(() => clearTimeout(timer));
  }
}
