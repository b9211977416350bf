import {
  concurrencyOf,
  DESTINATION,
  GROUPS_OF_A_JOB,
  isSameLimit,
  limitPolicies,
  ratePolicy,
  type LimitDefinition,
  type LimitPolicy,
  type RateDefinition,
  type RatePolicy,
} from '../limits/limits.ts';
import { shown } from '../../errors/index.ts';
import { InvalidContractError } from './invalid-contract-error.ts';
import { BREAKER_DEFAULTS, type BreakerPolicy } from '../../resilience/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import type { AppPlugin } from './app-plugin.ts';
import type { AnyEventContract } from './event-contract.ts';
import type { Schedule } from './define-schedule.ts';
import type { Handler } from './handle.ts';
import type { AnyJobContract } from './job-contract.ts';
import type { Reaction } from './react.ts';
import { listed, made, plugged, requireQueues } from './checks/app-lists.ts';
import { requireDefinition } from './checks/require-definition.ts';
import { requirePart, unknownOptions, type Known } from './checks/known-options.ts';
import type { Needs } from './resource.ts';
import type { Middleware } from '../run/middleware.ts';

export interface QueueDefinition {
  /** Jobs at once in one worker process. 10 by default; WORKER_CONCURRENCY overrides it. */
  readonly concurrency?: number;
  /** Jobs at once in all worker processes together. Unlimited by default. */
  readonly totalConcurrency?: number;
  /** Starts at most, across all workers. Unlimited by default. */
  readonly rate?: RateDefinition;
  /**
   * By what the jobs of the queue share, whatever their contract: `[{ name: 'tenant', by: (data: { tenantId: string }) => data.tenantId, concurrency: 2 }]`.
   * Those of a contract (its own `limits`) cost less: whoever enqueues knows them.
   */
  readonly limits?: readonly LimitDefinition<never>[];
  /** For jobs whose contract names a destination. */
  readonly destinations?: {
    /** Starts at most for each destination, across all workers. Unlimited by default. */
    readonly rate?: RateDefinition;
    /** Runs at once at most for each destination, across all workers. Unlimited by default. */
    readonly concurrency?: number;
    /** When a destination counts as sick: 5 failures in 30 s; paused for 30 s, doubled up to 5 min; 3 probes to trust it again. */
    readonly breaker?: {
      readonly failures?: number;
      readonly within?: Duration;
      readonly pause?: Duration;
      readonly maxPause?: Duration;
      readonly probes?: number;
    };
  };
  /**
   * A worker that does not renew its hold on a job for so long loses it to another: 30 s by default. Longer than any stretch in
   * which a handler blocks its process.
   */
  readonly lock?: Duration;
  /**
   * Queues of one group are in one slot of a Redis Cluster, and their jobs may be parents and children of each other. Each queue is a group of its own
   * by default. It holds from the first use of the queue on, and means nothing elsewhere.
   */
  readonly slotGroup?: string;
}

export interface DestinationPolicy {
  /** True when a job of the queue names one. */
  readonly named: boolean;
  readonly breaker: BreakerPolicy;
}

export interface QueuePolicy {
  readonly name: string;
  readonly concurrency: number;
  readonly totalConcurrency: number | undefined;
  readonly rate: RatePolicy | undefined;
  /** Its own, by groups; those of its contracts stand with them. */
  readonly limits: readonly LimitPolicy[];
  /** All that hold in it, each once: of the queue (its rate is the one named ''), its contracts and its destinations. */
  readonly allLimits: readonly LimitPolicy[];
  readonly lockMs: number;
  readonly slotGroup: string | undefined;
  readonly destinations: DestinationPolicy;
}

export interface AppDefinition<Handlers extends readonly Handler[] = readonly Handler[]> {
  readonly jobs: readonly AnyJobContract[];
  readonly handlers: Handlers;
  readonly queues?: Readonly<Record<string, QueueDefinition>>;
  /** What may be published or subscribed; the events of the reactions are among them without being named. */
  readonly events?: readonly AnyEventContract[];
  /** Which jobs follow from which events. */
  readonly reactions?: readonly Reaction[];
  /** When which jobs are due. */
  readonly schedules?: readonly Schedule[];
  /** Stands around every run, the first one outermost. */
  readonly use?: readonly Middleware[];
  /** What rooms bring, such as `defineEventStore({ ... })`, on which `shiftwork migrate` and `shiftwork projections` work. One of each kind. */
  readonly plugins?: readonly AppPlugin[];
}

/** Everything that one of these handlers needs, under its names. */
export type NeedsOf<Handlers extends readonly Handler[]> =
  Together<Handlers[number]['needs']> extends infer N extends Needs ? N : Needs;

type Together<Each> = (Each extends unknown ? (each: Each) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** What an app consists of, as data: workers, dashboard and command line load it. `N` is what its handlers need, for tests. */
export interface App<N extends Needs = Needs> {
  readonly kind: 'app';
  /** Nothing stands here: it carries the type alone. */
  readonly needs?: N;
  readonly jobs: ReadonlyMap<string, AnyJobContract>;
  readonly handlers: ReadonlyMap<string, Handler>;
  /** Every queue that a contract names, in the order of first use. */
  readonly queues: ReadonlyMap<string, QueuePolicy>;
  readonly events: ReadonlyMap<string, AnyEventContract>;
  readonly reactions: ReadonlyMap<string, Reaction>;
  readonly schedules: readonly Schedule[];
  readonly plugins: readonly AppPlugin[];
  readonly use: readonly Middleware[];
}

const KNOWN: Known<AppDefinition> = {
  jobs: true,
  handlers: true,
  queues: true,
  events: true,
  reactions: true,
  schedules: true,
  use: true,
  plugins: true,
};
const KNOWN_QUEUE: Known<QueueDefinition> = {
  concurrency: true,
  totalConcurrency: true,
  rate: true,
  limits: true,
  destinations: true,
  lock: true,
  slotGroup: true,
};
const KNOWN_DESTINATIONS: Known<NonNullable<QueueDefinition['destinations']>> = {
  rate: true,
  concurrency: true,
  breaker: true,
};

const KNOWN_BREAKER: Readonly<Record<string, true>> = Object.fromEntries(
  ['failures', 'within', 'pause', 'maxPause', 'probes'].map(name => [name, true as const]),
);
const DEFAULT_CONCURRENCY = 10;
const SLOT_GROUP = /^[A-Za-z0-9_-]{1,60}$/;

/**
 * Gathers contracts and handlers, and refuses what cannot work, everything at once: a name used twice,
 * a handler without its contract, limits that admit nothing.
 * A contract without a handler is allowed here (another app may run it); a worker assigned to it refuses to start.
 * @throws InvalidContractError
 */
export function defineApp<const Handlers extends readonly Handler[]>(
  definition: AppDefinition<Handlers>,
): App<NeedsOf<Handlers>> {
  requireDefinition('defineApp({ jobs, handlers })', definition);
  const problems = unknownOptions(definition, KNOWN).map(withoutDot);
  const jobs = new Map<string, AnyJobContract>();
  for (const contract of made('job', listed('jobs', definition.jobs, problems), 'jobs', problems)) {
    if (jobs.has(contract.name)) problems.push(`two jobs are named "${contract.name}"`);
    jobs.set(contract.name, contract);
  }
  const handlers = new Map<string, Handler>();
  for (const handler of made('handler', listed('handlers', definition.handlers, problems), 'handlers', problems)) {
    const { name } = handler.contract;
    if (jobs.get(name) !== handler.contract) problems.push(`the handler of "${name}" has no such contract in jobs`);
    if (handlers.has(name)) problems.push(`two handlers serve "${name}"`);
    handlers.set(name, handler);
  }
  const queues = new Map<string, QueuePolicy>();
  const contracts = [...jobs.values()];
  for (const { queue } of contracts) {
    if (queues.has(queue)) continue;
    const own = contracts.filter(contract => contract.queue === queue);
    queues.set(queue, queuePolicy(queue, ownQueue(definition, queue), own, problems));
  }
  for (const name of Object.keys(definition.queues ?? {})) {
    if (!queues.has(name)) problems.push(`queue "${name}" is configured, but no job uses it`);
  }
  requireQueues(definition.queues, problems);
  const { events, reactions } = eventsOf(definition, problems);
  const schedules = made('schedule', listed('schedules', definition.schedules ?? [], problems), 'schedules', problems);
  const plugins = plugged(definition.plugins ?? [], problems);
  const use = listed('use', definition.use ?? [], problems);
  for (const [index, each] of use.entries()) {
    if (typeof each !== 'function') problems.push(`use[${index}] is a ${typeof each}, expected a function`);
  }
  for (const [index, { kind }] of plugins.entries()) {
    if (plugins.findIndex(other => other.kind === kind) !== index)
      problems.push(`two plugins are of the kind "${kind}"`);
  }
  for (const [index, { name, job }] of schedules.entries()) {
    if (schedules.findIndex(other => other.name === name) !== index) problems.push(`two schedules are named "${name}"`);
    if (jobs.get(job.name) !== job) problems.push(`the schedule "${name}" has no such job "${job.name}" in jobs`);
  }
  if (problems.length > 0) throw new InvalidContractError(`The app cannot work: ${problems.join('; ')}.`);
  return Object.freeze({
    kind: 'app',
    jobs,
    handlers,
    queues,
    events,
    reactions,
    schedules: Object.freeze([...schedules]),
    plugins: Object.freeze([...plugins]),
    use: Object.freeze([...use]),
  });
}

function ownQueue({ queues }: Pick<AppDefinition, 'queues'>, name: string): QueueDefinition {
  return queues && Object.hasOwn(queues, name) ? (queues[name] ?? {}) : {};
}

/** Problems are joined by semicolons. */
function withoutDot(problem: string): string {
  return problem.replace(/\.$/, '');
}

function eventsOf(definition: AppDefinition, problems: string[]): Pick<App, 'events' | 'reactions'> {
  const events = new Map<string, AnyEventContract>();
  const given = made('event', listed('events', definition.events ?? [], problems), 'events', problems);
  const all = made('reaction', listed('reactions', definition.reactions ?? [], problems), 'reactions', problems);
  for (const contract of given) {
    if (events.has(contract.name)) problems.push(`two events are named "${contract.name}"`);
    events.set(contract.name, contract);
  }
  const reactions = new Map<string, Reaction>();
  for (const reaction of all) {
    const { name, event } = reaction;
    const known = events.get(event.name);
    if (known !== undefined && known !== event) {
      problems.push(`the reaction "${name}" names another contract of "${event.name}" than events`);
    }
    if (reactions.has(name)) {
      problems.push(`two reactions are named "${name}" (to "${reactions.get(name)?.event.name}" and "${event.name}")`);
    }
    events.set(event.name, known ?? event);
    reactions.set(name, reaction);
  }
  return { events, reactions };
}

function queuePolicy(
  name: string,
  definition: QueueDefinition,
  contracts: readonly AnyJobContract[],
  problems: string[],
): QueuePolicy {
  const strange = (problem: string): void => void problems.push(`queue "${name}": ${withoutDot(problem)}`);
  requirePart('', definition, KNOWN_QUEUE, strange);
  requirePart('destinations', definition.destinations, KNOWN_DESTINATIONS, strange);
  requirePart('destinations.breaker', definition.destinations?.breaker, KNOWN_BREAKER, strange);
  const concurrency = definition.concurrency ?? DEFAULT_CONCURRENCY;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    problems.push(`queue "${name}" needs a concurrency >= 1, got ${shown(concurrency)}`);
  }
  const { totalConcurrency } = definition;
  if (totalConcurrency !== undefined && !(Number.isInteger(totalConcurrency) && totalConcurrency >= 1)) {
    problems.push(`queue "${name}" needs a totalConcurrency >= 1, got ${shown(totalConcurrency)}`);
  }
  const refuse = (problem: string): void => void problems.push(`queue "${name}": ${problem}`);
  const rate = ratePolicy('rate', definition.rate, refuse);
  const limits = limitPolicies(definition.limits, { name: `queue-${name}`, isKnown: false }, refuse);
  for (const limit of limits) {
    if (limit.by === undefined) {
      refuse(
        `expected the limit "${limit.name}" to have a by: for all jobs of a queue there are rate and totalConcurrency`,
      );
    }
  }
  const lockMs = toMilliseconds(definition.lock ?? '30s', `lock of queue "${name}"`);
  if (lockMs < 500) problems.push(`queue "${name}" needs a lock of at least 500 ms, got ${lockMs} ms`);
  const { slotGroup } = definition;
  if (slotGroup !== undefined && !(typeof slotGroup === 'string' && SLOT_GROUP.test(slotGroup))) {
    problems.push(`queue "${name}" needs a slotGroup of 1 to 60 letters, digits, "-" or "_"`);
  }
  const named = contracts.some(contract => contract.destinationOf !== undefined);
  const { breaker, limit } = destinationPolicy(name, definition, problems, named);
  const queueRate =
    rate === undefined
      ? []
      : [{ name: '', by: undefined, concurrency: undefined, rate, strict: false, tier: undefined, fair: undefined }];
  const groups = contracts.map(contract => [...(named ? [limit] : []), ...limits, ...contract.limits]);
  const most = Math.max(...groups.map(each => each.length));
  if (most > GROUPS_OF_A_JOB) {
    refuse(
      `expected at most ${GROUPS_OF_A_JOB} limits for one job, its destination's and the queue's among them, got ${most}`,
    );
  }
  const allLimits = [...queueRate, ...eachOnce(groups.flat(), refuse)];
  const destinations = { named, breaker };
  return { name, concurrency, totalConcurrency, rate, limits, allLimits, lockMs, slotGroup, destinations };
}

/** Limits of one name are one: they must say the same. */
function eachOnce(limits: readonly LimitPolicy[], refuse: (problem: string) => void): readonly LimitPolicy[] {
  const byName = new Map<string, LimitPolicy>();
  for (const limit of limits) {
    const known = byName.get(limit.name);
    if (known === undefined) byName.set(limit.name, limit);
    else if (!isSameLimit(known, limit)) {
      refuse(
        `expected the limits named "${limit.name}" to have the same concurrency, rate, order and fairness: they are one`,
      );
    }
  }
  return [...byName.values()];
}

function destinationPolicy(
  name: string,
  { destinations }: QueueDefinition,
  problems: string[],
  named: boolean,
): { readonly breaker: BreakerPolicy; readonly limit: LimitPolicy } {
  const what = `destinations of queue "${name}"`;
  if (destinations !== undefined && !named) problems.push(`${what} are configured, but no job of it names one`);
  const { failures, probes, within, pause, maxPause } = destinations?.breaker ?? {};
  const breaker: BreakerPolicy = {
    failures: failures ?? BREAKER_DEFAULTS.failures,
    probes: probes ?? BREAKER_DEFAULTS.probes,
    withinMs: toMilliseconds(within ?? BREAKER_DEFAULTS.withinMs, `breaker.within of ${what}`),
    pauseMs: toMilliseconds(pause ?? BREAKER_DEFAULTS.pauseMs, `breaker.pause of ${what}`),
    maxPauseMs: toMilliseconds(maxPause ?? BREAKER_DEFAULTS.maxPauseMs, `breaker.maxPause of ${what}`),
  };
  for (const [field, value] of Object.entries(breaker)) {
    if (!Number.isInteger(value) || value < 1)
      problems.push(`${what}: breaker.${field} must be an integer >= 1, got ${shown(value)}`);
  }
  const refuse = (problem: string): void => void problems.push(`${what}: ${problem}`);
  const concurrency = concurrencyOf('concurrency', destinations?.concurrency, refuse);
  const rate = ratePolicy('rate', destinations?.rate, refuse);
  return {
    breaker,
    limit: { name: DESTINATION, by: undefined, concurrency, rate, strict: false, tier: undefined, fair: undefined },
  };
}
