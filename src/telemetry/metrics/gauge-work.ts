import { Gauge, type Registry } from 'prom-client';
import type { NamedParts } from './known-names.ts';

/** A queue as it stands. */
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
  readonly oldestHeldMs: number | undefined;
  /** Destinations that are sick: their jobs wait. */
  readonly sick: number;
}

/** How the work of an app stands; `readStanding` of `src/standing` reads it, once for all hosts that ask at about the same time. */
export interface WorkReading {
  readonly queues: readonly QueueReading[];
  /** Hosts by how they are: there, or lost within the last hour. */
  readonly hosts: { readonly alive: number; readonly lost: number };
  /** Schedules whose slot nobody has dealt with, and for how long it has been due. */
  readonly overdue: readonly { readonly schedule: string; readonly overdueMs: number }[];
  readonly atRunTime: { readonly count: number; readonly lagMs: number };
  /** What the engine has stored; left out where it does not tell. */
  readonly space?: SpaceReading | undefined;
  /** By queue; left out where nobody reckons it. */
  readonly scaling?: Readonly<Record<string, ScalingReading>> | undefined;
}

export interface ScalingReading {
  readonly arrivalPerSecond: number;
  readonly utilisation: number | undefined;
  readonly processes: { readonly now: number; readonly needed: number };
}

export interface SpaceReading {
  readonly usedBytes: number;
  readonly limit: { readonly bytes: number } | undefined;
  readonly queues: readonly { readonly name: string; readonly bytes: Readonly<Record<string, number>> }[];
}

export interface WorkGaugesOptions {
  /** Reads how the work stands; may wait for an engine that is away. */
  readonly read: () => Promise<WorkReading>;
  /** A scrape waits for so long; 500 ms by default. */
  readonly withinMs?: number;
  /** Several scrapes within so long share a reading; 1 s by default. */
  readonly freshMs?: number;
}

const STATES = ['waiting', 'running', 'delayed', 'succeeded', 'dead'] as const;

/** How the work stands, read when somebody asks. While the engine does not answer there are no such series. */
export class WorkGauges {
  readonly #options: WorkGaugesOptions;
  readonly #depth: Gauge<'queue' | 'state'>;
  readonly #oldest: Gauge<'queue'>;
  readonly #paused: Gauge<'queue'>;
  readonly #held: Gauge<'queue'>;
  readonly #oldestHeld: Gauge<'queue'>;
  readonly #sick: Gauge<'queue'>;
  readonly #hosts: Gauge<'state'>;
  readonly #overdue: Gauge<'schedule'>;
  readonly #madeSchedules: Gauge;
  readonly #lag: Gauge;
  readonly #readable: Gauge;
  readonly #bytes: Gauge;
  readonly #maxBytes: Gauge;
  readonly #queueBytes: Gauge<'queue' | 'kind'>;
  readonly #processes: Gauge<'queue' | 'which'>;
  readonly #utilisation: Gauge<'queue'>;
  readonly #arrivals: Gauge<'queue'>;
  readonly #schedules: readonly string[];
  #reading: Promise<WorkReading | undefined> | undefined;
  #read: { readonly at: number; readonly work: WorkReading } | undefined;

  constructor(registry: Registry, app: Pick<NamedParts, 'schedules'>, options: WorkGaugesOptions) {
    this.#options = options;
    this.#schedules = app.schedules.map(({ name }) => name);
    const registers = [registry];
    this.#depth = new Gauge({
      name: 'shiftwork_queue_depth',
      help: 'Jobs by what is to become of them; succeeded and dead: those that are kept. Every host tells of all queues: use max.',
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
    this.#oldestHeld = new Gauge({
      name: 'shiftwork_queue_oldest_held_seconds',
      help: 'How long the job has been due that limits and pauses have set aside for longest; 0 when there is none.',
      labelNames: ['queue'],
      aggregator: 'max',
      registers,
    });
    this.#sick = new Gauge({
      name: 'shiftwork_destinations_sick',
      help: 'Destinations of a queue that are sick: their jobs wait, and no attempt is spent.',
      labelNames: ['queue'],
      aggregator: 'max',
      registers,
    });
    this.#hosts = new Gauge({
      name: 'shiftwork_hosts',
      help: 'Worker hosts of the installation: alive, or lost (without a goodbye) within the last hour.',
      labelNames: ['state'],
      aggregator: 'max',
      registers,
    });
    this.#overdue = new Gauge({
      name: 'shiftwork_schedule_overdue_seconds',
      help: 'How long a slot of the schedule has been due that nobody has dealt with; 0 when there is none.',
      labelNames: ['schedule'],
      aggregator: 'max',
      registers,
    });
    this.#madeSchedules = new Gauge({
      name: 'shiftwork_schedules_at_run_time',
      help: 'Schedules that were made at run time.',
      aggregator: 'max',
      registers,
    });
    this.#lag = new Gauge({
      name: 'shiftwork_schedules_lag_seconds',
      help: 'How long the slot has been due, of all schedules made at run time, that nobody has dealt with for longest.',
      aggregator: 'max',
      registers,
    });
    this.#bytes = new Gauge({
      name: 'shiftwork_engine_bytes',
      help: 'What the engine has stored: memory of Redis, or the database.',
      aggregator: 'max',
      registers,
    });
    this.#maxBytes = new Gauge({
      name: 'shiftwork_engine_max_bytes',
      help: 'What the engine can store: maxmemory of Redis, or the memory of its machine; 0 where it does not say.',
      aggregator: 'max',
      registers,
    });
    this.#queueBytes = new Gauge({
      name: 'shiftwork_queue_bytes',
      help: 'What the jobs of a queue take in the engine, reckoned from a few of each kind.',
      labelNames: ['queue', 'kind'],
      aggregator: 'max',
      registers,
    });
    const ofScaling = { labelNames: ['queue'] as const, aggregator: 'max', registers } as const;
    this.#processes = new Gauge({
      name: 'shiftwork_scaling_processes',
      help: 'Worker processes that serve a queue now, and that it needs so that its jobs start in time. The dashboard tells it.',
      ...ofScaling,
      labelNames: ['queue', 'which'],
    });
    this.#utilisation = new Gauge({
      name: 'shiftwork_scaling_utilisation_ratio',
      help: 'Slots that arrivals keep busy, of those that there are. The dashboard tells it.',
      ...ofScaling,
    });
    this.#arrivals = new Gauge({
      name: 'shiftwork_scaling_arrivals_per_second',
      help: 'Attempts that become due each second. The dashboard tells it.',
      ...ofScaling,
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
    const work = await this.#current();
    const ofQueues = [this.#depth, this.#oldest, this.#paused, this.#held, this.#oldestHeld, this.#sick];
    const ofSpace = [this.#bytes, this.#maxBytes, this.#queueBytes];
    const ofScaling = [this.#processes, this.#utilisation, this.#arrivals];
    const gauges = [...ofQueues, ...ofSpace, ...ofScaling, this.#hosts, this.#overdue, this.#madeSchedules, this.#lag];
    for (const gauge of gauges) gauge.reset();
    this.#readable.set(work === undefined ? 0 : 1);
    if (work === undefined) return;
    for (const queue of work.queues) {
      for (const state of STATES) this.#depth.set({ queue: queue.name, state }, queue[state]);
      this.#oldest.set({ queue: queue.name }, (queue.oldestDueMs ?? 0) / 1_000);
      this.#paused.set({ queue: queue.name }, queue.paused ? 1 : 0);
      this.#held.set({ queue: queue.name }, queue.held);
      this.#oldestHeld.set({ queue: queue.name }, (queue.oldestHeldMs ?? 0) / 1_000);
      this.#sick.set({ queue: queue.name }, queue.sick);
    }
    for (const state of ['alive', 'lost'] as const) this.#hosts.set({ state }, work.hosts[state]);
    for (const schedule of this.#schedules) this.#overdue.set({ schedule }, 0);
    this.#madeSchedules.set(work.atRunTime.count);
    this.#lag.set(work.atRunTime.lagMs / 1_000);
    if (work.space !== undefined) this.#setSpace(work.space);
    for (const [queue, scaling] of Object.entries(work.scaling ?? {})) this.#setScaling(queue, scaling);
    for (const { schedule, overdueMs } of work.overdue) this.#overdue.set({ schedule }, overdueMs / 1_000);
  }

  #setSpace({ usedBytes, limit, queues }: SpaceReading): void {
    this.#bytes.set(usedBytes);
    this.#maxBytes.set(limit?.bytes ?? 0);
    for (const { name: queue, bytes } of queues)
      for (const [kind, size] of Object.entries(bytes)) this.#queueBytes.set({ queue, kind }, size);
  }

  #setScaling(queue: string, { arrivalPerSecond, utilisation, processes }: ScalingReading): void {
    this.#arrivals.set({ queue }, arrivalPerSecond);
    if (utilisation !== undefined) this.#utilisation.set({ queue }, utilisation);
    for (const which of ['now', 'needed'] as const) this.#processes.set({ queue, which }, processes[which]);
  }

  async #current(): Promise<WorkReading | undefined> {
    const { read, withinMs = 500, freshMs = 1_000 } = this.#options;
    if (this.#read !== undefined && performance.now() - this.#read.at < freshMs) return this.#read.work;
    // One at a time: an engine that is away must not gather questions.
    this.#reading ??= read()
      .then(
        work => {
          this.#read = { at: performance.now(), work };
          return work;
        },
        () => undefined,
      )
      .finally(() => (this.#reading = undefined));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>(resolve => (timer = setTimeout(resolve, withinMs, undefined)));
    return Promise.race([this.#reading, late]).finally(() => clearTimeout(timer));
  }
}
