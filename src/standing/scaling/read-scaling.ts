import type { App, QueuePolicy } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import { MINUTE, queueCounts, type ContractCounts, type JournalStore, type QueueDepth } from '../../journal/index.ts';
import { readQueueFigures, type QueueFigures } from '../../queue/index.ts';
import { readFleet, type FleetHost } from '../../runtime/index.ts';
import { recommend, type QueueLoad, type Scaling } from './recommend.ts';

export interface AppScaling {
  /** Worker processes, when every one serves every queue: as many as the queue that needs most. */
  readonly processes: number;
  readonly queues: Readonly<Record<string, Scaling>>;
}

/** Whole minutes that are looked back: long enough for a rate, short enough to see a drift. */
const MINUTES_BACK = 3;

/** What the number of processes is reckoned from. */
export interface ScalingInputs {
  /** Engine time, milliseconds since 1970. */
  readonly now: number;
  readonly figures: readonly QueueFigures[];
  readonly hosts: readonly FleetHost[];
  /** Of each queue, since `rateSince(now)`. */
  readonly counts: readonly ContractCounts[];
  readonly depths: readonly QueueDepth[];
}

/** From when on rates are counted: the beginning of a minute. */
export function rateSince(now: number): number {
  return Math.floor(now / MINUTE) * MINUTE - MINUTES_BACK * MINUTE;
}

/** How many processes each queue needs. Rejects while the engine or the journal does not answer. */
export async function readScaling(app: App, engine: Engine, journal: JournalStore): Promise<AppScaling> {
  const now = engine.clock.now();
  const from = rateSince(now);
  const names = [...app.queues.keys()];
  const [{ hosts }, counts, depths, figures] = await Promise.all([
    readFleet(engine, now),
    journal.counts('minute', { from, to: now }, names.map(queueCounts)),
    journal.depths({ from, to: now }, names),
    readQueueFigures(engine, names),
  ]);
  const queues = scalingOf(app, { now, figures, hosts, counts, depths });
  return {
    processes: Math.max(1, ...[...queues.values()].map(({ processes }) => processes.needed)),
    queues: Object.fromEntries(queues),
  };
}

/** The same of what has been read already. */
export function scalingOf(
  app: App,
  { now, figures, hosts, counts, depths }: ScalingInputs,
): ReadonlyMap<string, Scaling> {
  return new Map(
    figures.map(queue => {
      const load = loadOf(queue, counts, depths, now - rateSince(now));
      return [queue.name, recommend(load, capacityOf(app, queue.name, app.queues.get(queue.name), hosts))];
    }),
  );
}

function loadOf(
  { name, waiting, held, paused }: QueueFigures,
  counts: readonly ContractCounts[],
  depths: readonly QueueDepth[],
  windowMs: number,
): QueueLoad {
  const own = counts.filter(({ queue }) => queue === name);
  const sum = (of: (each: ContractCounts) => number): number => own.reduce((total, each) => total + of(each), 0);
  const before = depths.filter(({ queue }) => queue === name).toSorted((a, b) => a.at - b.at)[0];
  const startable = Math.max(0, waiting - held);
  return {
    windowMs,
    attempts: sum(({ succeeded, retried, dead }) => succeeded + retried + dead),
    failed: sum(({ retried, dead }) => retried + dead),
    ranMs: sum(({ ranMs }) => ranMs),
    // Nobody has looked before: what waits now counts as what has come, which is rather too much than too little.
    startableBefore: before === undefined ? 0 : Math.max(0, before.waiting - before.held),
    startable,
    held,
    paused,
  };
}

function capacityOf(
  app: App,
  name: string,
  policy: QueuePolicy | undefined,
  hosts: readonly FleetHost[],
): Parameters<typeof recommend>[1] {
  const promises = [...app.jobs.values()]
    .filter(({ queue }) => queue === name)
    .map(({ startWithinMs }) => startWithinMs);
  const rate = policy?.rate;
  return {
    concurrency: policy?.concurrency ?? 1,
    processes: hosts
      .filter(({ queues }) => queues.includes(name))
      .reduce((total, { processes }) => total + processes, 0),
    totalConcurrency: policy?.totalConcurrency,
    mostPerSecond: rate === undefined ? undefined : (rate.max * 1_000) / rate.perMs,
    startWithinMs: Math.min(...promises),
  };
}
