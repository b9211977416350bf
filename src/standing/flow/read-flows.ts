import type { App } from '../../contracts/index.ts';
import {
  ALL_COUNTS,
  HOUR,
  MINUTE,
  queueCounts,
  type CountedStretch,
  type JournalStore,
  type QueueDepth,
  type SettledCounts,
} from '../../journal/index.ts';
import type { QueueFigures } from '../../queue/index.ts';
import { rateSince, scalingOf } from '../scaling/read-scaling.ts';
import type { Work } from '../work/work.ts';
import { endedIn, flowOf, sumOf, type Flow, type FlowMinute } from './flow.ts';

export interface QueueFlow extends Flow {
  /** How much of its slots is in use, as what comes and how long it runs say: 0 to 1 and more; undefined where there are none. */
  readonly utilisation: number | undefined;
  /** Until what could be started has been; undefined: never, at this rate. */
  readonly drainSeconds: number | undefined;
  /** Of the last hour, the oldest first; the last one goes on. */
  readonly lastHour: readonly FlowMinute[];
  readonly contracts: ReadonlyMap<string, Flow>;
}

export interface Flows {
  readonly all: Flow & Pick<QueueFlow, 'drainSeconds'>;
  readonly queues: ReadonlyMap<string, QueueFlow>;
}

export interface FlowSources {
  readonly app: App;
  readonly counts: SettledCounts;
  readonly journal: () => Promise<JournalStore>;
}

/** Long enough for a share and a duration that 95 of 100 keep, short enough to see what goes wrong now. */
const SHARE_MS = 15 * MINUTE;

/**
 * How much goes through each queue and contract, as the journal counted it: rates of the last three minutes, shares and durations of a quarter of an hour,
 * and the last hour minute by minute. However many queues there are, three commands or statements.
 */
export async function readFlows({ app, counts, journal }: FlowSources, work: Work): Promise<Flows> {
  const { now, queues, hosts } = work;
  const names = queues.map(({ name }) => name);
  const contracts = [...app.jobs.values()];
  const since = rateSince(now);
  const end = Math.floor(now / MINUTE) * MINUTE + MINUTE;
  const span = { from: end - HOUR, to: end - 1 };
  const [read, depths] = await Promise.all([
    counts.counts('minute', span, [ALL_COUNTS, ...names.map(queueCounts), ...contracts.map(({ name }) => name)]),
    journal().then(store => store.depths({ from: since, to: now }, names)),
  ]);
  const byName = Map.groupBy(read, ({ jobName }) => jobName);
  const of = (name: string, came?: number): Flow =>
    flowOf(
      (byName.get(name) ?? []).filter(({ at }) => at >= now - SHARE_MS),
      { since, now, came },
    );
  const sums = names.flatMap(name => (byName.get(queueCounts(name)) ?? []).filter(({ at }) => at >= since));
  const scaling = scalingOf(app, { now, figures: queues, hosts, counts: sums, depths });
  const flows = queues.map((figures): [string, QueueFlow] => {
    const { name } = figures;
    const own = byName.get(queueCounts(name)) ?? [];
    const { utilisation, drainSeconds } = scaling.get(name) ?? {};
    return [
      name,
      {
        ...of(queueCounts(name), cameIn(figures, own, depths, now)),
        utilisation,
        drainSeconds,
        lastHour: minutesOf(own, span.from),
        contracts: new Map(contracts.filter(({ queue }) => queue === name).map(each => [each.name, of(each.name)])),
      },
    ];
  });
  return { all: { ...of(ALL_COUNTS, together(flows)), drainSeconds: longest(flows) }, queues: new Map(flows) };
}

/** A second: what ended since the queue was last counted, and by how much more is there now. */
function cameIn(
  { name, waiting, delayed, running }: QueueFigures,
  counts: readonly CountedStretch[],
  depths: readonly QueueDepth[],
  now: number,
): number | undefined {
  const [first] = depths.filter(({ queue }) => queue === name).toSorted((a, b) => a.at - b.at);
  // What has just been counted says nothing about a rate.
  if (first === undefined || now - first.at < MINUTE / 2) return undefined;
  const ended = sumOf(
    counts.filter(({ at }) => at >= first.at),
    endedIn,
  );
  const came = ended + waiting + delayed + running - first.unfinished;
  return Math.max(0, came) / ((now - first.at) / 1_000);
}

/** Undefined where nobody has counted any. */
function together(flows: readonly (readonly [string, QueueFlow])[]): number | undefined {
  const known = flows.flatMap(([, { inPerSecond }]) => (inPerSecond === undefined ? [] : [inPerSecond]));
  return known.length === 0 ? undefined : sumOf(known, rate => rate);
}

function longest(flows: readonly (readonly [string, QueueFlow])[]): number | undefined {
  const all = flows.map(([, { drainSeconds }]) => drainSeconds ?? Infinity);
  const most = Math.max(0, ...all);
  return most === Infinity ? undefined : most;
}

function minutesOf(counts: readonly CountedStretch[], from: number): readonly FlowMinute[] {
  const byAt = new Map(counts.map(each => [each.at, each]));
  return Array.from({ length: HOUR / MINUTE }, (_, index) => {
    const counted = byAt.get(from + index * MINUTE);
    if (counted === undefined) return { ended: 0, failed: 0 };
    return { ended: endedIn(counted), failed: counted.dead + counted.retried };
  });
}
