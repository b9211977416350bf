import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidContractError } from './invalid-contract-error.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import { cronProblem, zoneProblem } from './checks/cron-rule.ts';
import { everyProblem } from './checks/every-rule.ts';
import { isMade, requireDefinition } from './checks/require-definition.ts';
import { validatePayload, writePayload } from '../payload/codec.ts';
import { answeredLate, kindOf, shown, toError } from '../../errors/index.ts';
import { unknownOptions, type Known } from './checks/known-options.ts';
import type { AnyJobContract, EnqueueOptions, JobContract } from './job-contract.ts';

/**
 * What becomes of slots that passed while nobody could enqueue them. `once`: exactly one job, for the latest of all that are due when somebody
 * can again, however many there were. `skip`: none for those that are more than a minute late. `all`: one each, 1,000 at most. What comes due
 * while the lead goes from one host to another that works was not missed. A rule that is new, or was changed, has missed nothing.
 */
export type MissedPolicy = 'skip' | 'once' | 'all';

export interface ScheduleDefinition<Schema extends StandardSchemaV1> {
  /** Unique among the app's schedules: lower case, digits and dashes, at most 80. Part of its jobs' identity: keep it. */
  readonly name: string;
  readonly job: JobContract<Schema>;
  /** What each job carries; a function gets the slot's time. */
  readonly data: StandardSchemaV1.InferInput<Schema> | ((slot: Date) => StandardSchemaV1.InferInput<Schema>);
  /** Five fields, or six with seconds: `0 9 * * 1-5`. Either this or `every`. */
  readonly cron?: string;
  /** Of the cron's fields, as in `Europe/Berlin`. UTC by default. */
  readonly timeZone?: string;
  /** At whole multiples since 1970 (UTC), so that every host means the same moments. A second to 36500d. */
  readonly every?: Duration;
  /** `once` by default. */
  readonly missed?: MissedPolicy;
  /** `skip` leaves a slot out while the job of the one before has not ended. `allow` by default. */
  readonly overlap?: 'allow' | 'skip';
  readonly options?: Omit<EnqueueOptions, 'idempotencyKey'>;
}

/** Work that is due at certain times. */
export interface Schedule {
  readonly kind: 'schedule';
  readonly name: string;
  readonly job: AnyJobContract;
  readonly dataAt: (slot: Date) => unknown;
  readonly when:
    | { readonly kind: 'cron'; readonly cron: string; readonly timeZone: string }
    | { readonly kind: 'every'; readonly everyMs: number };
  readonly missed: MissedPolicy;
  readonly overlap: 'allow' | 'skip';
  readonly options: EnqueueOptions;
}

const KNOWN: Known<ScheduleDefinition<StandardSchemaV1>> = {
  name: true,
  job: true,
  data: true,
  cron: true,
  timeZone: true,
  every: true,
  missed: true,
  overlap: true,
  options: true,
};

const KNOWN_OPTIONS: Known<NonNullable<ScheduleDefinition<StandardSchemaV1>['options']>> = {
  delay: true,
  at: true,
  priority: true,
  generated: true,
  correlationId: true,
};

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Says when a kind of work is due: `defineSchedule({ name: 'nightly-report', job: report, data: {}, cron: '0 3 * * *', timeZone })`. One job
 * a slot, whatever the number of hosts and whatever the contract's `key`: the slot is the key. What is no cron and no time zone is refused here; whether it ever comes is checked once more when a worker starts.
 *
 * A cron has five fields, or six with seconds: `*`, values, names (`MON`, `JAN`), lists, ranges and steps (`*\/5`, `1-5/2`), `L` for the last day of a
 * month, `5L` and `5#2` for the last and the second Friday. Where day of the month and weekday are both given, either will do. Refused on purpose: `@daily`
 * and the like, a field for years, a date, `5/15`, ranges that run backwards, a cron that never comes.
 *
 * Daylight saving follows Vixie cron: fixed times (also lists and ranges) that the clocks skip run right after the gap, as one; those that
 * they repeat run once, the first time. With a `*` in seconds, minutes or hours it is an interval: every such moment that there is, and no other.
 * @throws InvalidContractError when a part cannot work, naming the schedule and the part
 */
export function defineSchedule<Schema extends StandardSchemaV1>(definition: ScheduleDefinition<Schema>): Schedule {
  requireDefinition('defineSchedule({ name, job, data, cron })', definition);
  const {
    name,
    job,
    data,
    cron,
    every,
    timeZone = 'UTC',
    missed = 'once',
    overlap = 'allow',
    options = {},
  } = definition;
  const refuse = (problem: string): never => {
    throw new InvalidContractError(`schedule ${shown(name)}: ${problem}.`);
  };
  const [unknown] = unknownOptions(definition, KNOWN);
  if (unknown !== undefined) refuse(unknown.replace(/\.$/, ''));
  if (typeof name !== 'string' || !NAME.test(name) || name.length > 80)
    refuse('expected a name of lower-case words and digits joined by dashes, of at most 80 characters');
  if (!isMade('job', job)) refuse('expected job to be what defineJob() has made');
  requireOptions(options, refuse);
  if ((cron === undefined) === (every === undefined)) refuse('expected either cron or every');
  const noCron = cron === undefined ? undefined : cronProblem(requireCron(cron, refuse));
  if (noCron !== undefined) refuse(`expected a cron of five or six fields, ${noCron}`);
  const noZone = zoneProblem(timeZone);
  if (noZone !== undefined) refuse(`expected timeZone to be a time zone such as Europe/Berlin, ${noZone}`);
  if (every !== undefined && definition.timeZone !== undefined) refuse('a time zone means nothing to every');
  if (!['skip', 'once', 'all'].includes(missed))
    refuse(`expected missed to be skip, once or all, got ${shown(missed)}`);
  if (!['allow', 'skip'].includes(overlap)) refuse(`expected overlap to be allow or skip, got ${shown(overlap)}`);
  const everyMs = every === undefined ? undefined : toMilliseconds(every, `schedule ${shown(name)}: every`);
  const noEvery = everyMs === undefined ? undefined : everyProblem(everyMs);
  if (noEvery !== undefined) refuse(noEvery);
  if (!isMaker(data)) requireData(job, data, refuse);
  return Object.freeze({
    kind: 'schedule',
    name,
    job,
    dataAt: (slot: Date) => (isMaker(data) ? atOnce(name, data(slot)) : data),
    when:
      everyMs === undefined
        ? { kind: 'cron' as const, cron: cron ?? '', timeZone }
        : { kind: 'every' as const, everyMs },
    missed,
    overlap,
    options,
  });
}

/** Now, and not at the first slot. */
function requireData(job: AnyJobContract, data: unknown, refuse: (problem: string) => never): void {
  try {
    const stored = job.chunk === undefined ? data : { items: [data] };
    validatePayload(job, stored);
    writePayload(job, stored);
  } catch (error) {
    refuse(`expected data that fits its job: ${toError(error).message.replace(/\.$/, '')}`);
  }
}

/** The slot is the key. What their values may be is said when a job is queued. */
function requireOptions(options: unknown, refuse: (problem: string) => never): void {
  if (typeof options !== 'object' || options === null)
    return refuse(`expected options as an object, got ${kindOf(options)}`);
  const [unknown] = unknownOptions(options, KNOWN_OPTIONS);
  if (unknown !== undefined) refuse(`options: ${unknown.replace(/\.$/, '')}`);
}

/** From plain JavaScript comes anything. */
function requireCron(cron: unknown, refuse: (problem: string) => never): string {
  if (typeof cron === 'string' && cron.length <= 200) return cron;
  return refuse('expected cron to be a text of at most 200 characters');
}

/** Data that is itself a function could not be stored as JSON: a function here makes the data. */
function isMaker<Data>(data: Data | ((slot: Date) => Data)): data is (slot: Date) => Data {
  return typeof data === 'function';
}

/** @throws InvalidContractError for a promise: nobody waits for it */
function atOnce<Data>(schedule: string, data: Data): Data {
  if (!answeredLate(data)) return data;
  throw new InvalidContractError(
    `schedule "${schedule}": expected data to be made at once, got a promise: the function may not be async.`,
  );
}
