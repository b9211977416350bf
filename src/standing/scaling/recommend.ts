/** What a queue has gone through of late, and what stands in it now. */
export interface QueueLoad {
  /** Over which the counts below were made, in milliseconds. */
  readonly windowMs: number;
  /** Runs that came to an end, whatever it was, and those of them that failed. */
  readonly attempts: number;
  readonly failed: number;
  /** Milliseconds of all these runs together. */
  readonly ranMs: number;
  /** How many of the jobs that wait could be started if there were slots: when the window began, and now. */
  readonly startableBefore: number;
  readonly startable: number;
  /** Set aside by limits and pauses: no worker may start them. */
  readonly held: number;
  readonly paused: boolean;
}

/** What works on it, and what it was promised. */
export interface QueueCapacity {
  /** Jobs at once in one process. */
  readonly concurrency: number;
  /** Processes that serve it now. */
  readonly processes: number;
  /** Of all processes together; undefined: no such limit. */
  readonly totalConcurrency: number | undefined;
  /** Starts a second at most; undefined: no such limit. */
  readonly mostPerSecond: number | undefined;
  /** How long a job may wait for its start. */
  readonly startWithinMs: number;
}

/** Why it is not more, or not counted at all. */
export type ScalingBound = 'none' | 'paused' | 'total concurrency' | 'rate' | 'failing' | 'no runs yet';

/** How many processes a queue needs, with everything that the number was reckoned from. */
export interface Scaling {
  readonly startWithinMs: number;
  /** Attempts that become due each second. */
  readonly arrivalPerSecond: number;
  /** How long one takes; undefined: none has run within the window. */
  readonly serviceSeconds: number | undefined;
  /** Slots that the arrivals keep busy, of those that there are; undefined without any. */
  readonly utilisation: number | undefined;
  readonly startable: number;
  /** More processes do not help these. */
  readonly held: number;
  /** How long the processes that there are take to start all that waits; undefined: they never will. */
  readonly drainSeconds: number | undefined;
  readonly processes: {
    readonly now: number;
    readonly needed: number;
    /** To keep up with what comes. */
    readonly forArrivals: number;
    /** On top, to start what waits within the promise. */
    readonly forBacklog: number;
  };
  readonly boundBy: ScalingBound;
  /** The same in a sentence. */
  readonly because: string;
}

/** Above it the time in queue grows with every hiccup. */
const MOST_BUSY = 0.85;
/** Of exponential waiting times so many means are the 95th percentile. */
const P95 = 3;
/** When so large a part of all attempts fails, more workers fail faster. */
const FAILING = 0.9;
const FEWEST_FAILED = 20;

/**
 * How many processes keep the time in queue under the promise. Slots for what comes by the queueing formula of Sakasegawa (1977), which says how long
 * jobs wait when so many come, take so long, and share so many slots; on top what starts the backlog within the promise.
 */
export function recommend(load: QueueLoad, capacity: QueueCapacity): Scaling {
  const { startWithinMs, concurrency, processes: now } = capacity;
  const seconds = load.windowMs / 1_000;
  const arrivalPerSecond = Math.max(0, (load.attempts + load.startable - load.startableBefore) / seconds);
  const serviceSeconds = load.attempts === 0 ? undefined : load.ranMs / load.attempts / 1_000;
  const busy = arrivalPerSecond * (serviceSeconds ?? 0);
  const slots = now * concurrency;
  const arrivals = slotsForArrivals(arrivalPerSecond, serviceSeconds ?? 0, startWithinMs / 1_000);
  const backlog = (load.startable * (serviceSeconds ?? 0)) / (startWithinMs / 1_000);
  const forArrivals = Math.ceil(arrivals / concurrency);
  const wanted = Math.max(1, Math.ceil((arrivals + backlog) / concurrency));
  const { needed, boundBy } = bounded(wanted, load, capacity, serviceSeconds);
  const known = {
    startWithinMs,
    arrivalPerSecond,
    serviceSeconds,
    utilisation: slots === 0 ? undefined : busy / slots,
    startable: load.startable,
    held: load.held,
    drainSeconds: drainSeconds(load.startable, serviceSeconds, slots, arrivalPerSecond),
    processes: { now, needed, forArrivals, forBacklog: Math.max(0, wanted - forArrivals) },
    boundBy,
  };
  return { ...known, because: sentence(known) };
}

/** The fewest slots with which 95 of 100 jobs wait no longer than that. */
function slotsForArrivals(perSecond: number, serviceSeconds: number, withinSeconds: number): number {
  const busy = perSecond * serviceSeconds;
  if (busy === 0) return 0;
  let slots = Math.ceil(busy / MOST_BUSY);
  while (P95 * meanWait(slots, busy / slots, serviceSeconds) > withinSeconds) slots += 1;
  return slots;
}

function meanWait(slots: number, utilisation: number, serviceSeconds: number): number {
  if (utilisation >= 1) return Infinity;
  return (serviceSeconds * utilisation ** (Math.sqrt(2 * (slots + 1)) - 1)) / (slots * (1 - utilisation));
}

function bounded(
  wanted: number,
  { paused, attempts, failed }: QueueLoad,
  { concurrency, processes: now, totalConcurrency, mostPerSecond }: QueueCapacity,
  serviceSeconds: number | undefined,
): { readonly needed: number; readonly boundBy: ScalingBound } {
  if (paused) return { needed: Math.max(1, now), boundBy: 'paused' };
  if (serviceSeconds === undefined) return { needed: Math.max(1, now), boundBy: 'no runs yet' };
  if (failed >= FEWEST_FAILED && failed / attempts >= FAILING && wanted > now) {
    return { needed: Math.max(1, now), boundBy: 'failing' };
  }
  const byTotal = totalConcurrency === undefined ? Infinity : Math.ceil(totalConcurrency / concurrency);
  const byRate = mostPerSecond === undefined ? Infinity : Math.ceil((mostPerSecond * serviceSeconds) / concurrency);
  const most = Math.max(1, Math.min(byTotal, byRate));
  if (wanted <= most) return { needed: wanted, boundBy: 'none' };
  return { needed: most, boundBy: byTotal <= byRate ? 'total concurrency' : 'rate' };
}

function drainSeconds(
  startable: number,
  serviceSeconds: number | undefined,
  slots: number,
  arrivalPerSecond: number,
): number | undefined {
  if (startable === 0) return 0;
  if (serviceSeconds === undefined || serviceSeconds === 0) return undefined;
  const left = slots / serviceSeconds - arrivalPerSecond;
  return left <= 0 ? undefined : startable / left;
}

function sentence({ boundBy, processes, held, startable }: Omit<Scaling, 'because'>): string {
  const { needed, now, forArrivals, forBacklog } = processes;
  const parts = [
    `${needed} ${needed === 1 ? 'process' : 'processes'} (now ${now}): ${forArrivals} for what comes, ${forBacklog} more to start the ${startable} that wait in time`,
  ];
  if (held > 0) parts.push(`${held} are held by limits and pauses, which more processes do not help`);
  const bounds: Readonly<Record<ScalingBound, string | undefined>> = {
    none: undefined,
    paused: 'the queue is paused, so the number stays as it is',
    'total concurrency': 'totalConcurrency lets no more run at once',
    rate: "the queue's rate lets no more start",
    failing: 'nearly every attempt fails, so the number is not raised',
    'no runs yet': 'nothing has run of late, so the number stays as it is',
  };
  const bound = bounds[boundBy];
  if (bound !== undefined) parts.push(bound);
  return `${parts.join('; ')}.`;
}
