import { everyProblem, type JobRequest, type MissedPolicy, type Schedule } from '../../contracts/index.ts';
import { InvalidOptionsError, kindOf, requireKnown } from '../../errors/index.ts';
import type { KeptSchedule, Slots } from '../../schedules/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import type { JobTag } from '../find/job-tags.ts';
import { isJobRequest } from '../prepare/check-requests.ts';
import { check } from '../prepare/prepare.ts';

/** A schedule that an app makes while it runs. Either `cron` or `every`, as in `defineSchedule`. */
export interface NewSchedule {
  /**
   * What each slot enqueues: a contract with its data, such as `digest({ userId })`. Of its options `priority`, `delay` and `correlationId` hold for
   * every slot.
   */
  readonly job: JobRequest;
  /** Five fields, or six with seconds: `0 9 * * 1-5`. */
  readonly cron?: string;
  /** Of the cron's fields, as in `Europe/Berlin`. UTC by default. */
  readonly timeZone?: string;
  /** At whole multiples since 1970 (UTC). A second to 36500d. */
  readonly every?: Duration;
  /** `once` by default. */
  readonly missed?: MissedPolicy;
  /** `skip` leaves a slot out while the job of the one before has not ended. `allow` by default. */
  readonly overlap?: 'allow' | 'skip';
  /** Who makes it, for whoever looks later; `producer` when left out. */
  readonly by?: string;
}

/** What is kept of a new schedule, but for how far it has come. */
export type CheckedSchedule = Pick<KeptSchedule, 'contract' | 'data' | 'options' | 'when' | 'missed' | 'overlap'>;

/** What its jobs can be found by is apart: it is kept as digests, which need the secrets. */
export interface ToMake {
  readonly schedule: CheckedSchedule;
  readonly tags: readonly JobTag[] | undefined;
}

export interface SchedulePageOptions {
  /** Those whose names begin so, such as `digest:`; all when left out. */
  readonly prefix?: string;
  /** The last name of the page before: `next` of its answer. */
  readonly after?: string;
  /** 1 to 1,000; 100 when left out. */
  readonly limit?: number;
}

const OPTIONS = new Set(['job', 'cron', 'timeZone', 'every', 'missed', 'overlap', 'by']);
const PAGE = new Set(['prefix', 'after', 'limit']);
const FOR_EVERY_SLOT = new Set(['priority', 'delay', 'correlationId']);
const NAME = /^[^\s\p{C}]{1,200}$/u;
const PAGE_LIMIT = 1_000;

/** @throws InvalidOptionsError */
export function checkName(name: unknown): string {
  if (typeof name === 'string' && NAME.test(name)) return name;
  throw new InvalidOptionsError(
    `Expected the name of a schedule to be a text of 1 to 200 characters without spaces, such as "digest:user-7", got ${kindOf(name)}.`,
  );
}

/** @throws InvalidOptionsError, InvalidPayloadError, PayloadTooLargeError: these may come from a request */
export function checkSchedule(name: string, given: NewSchedule, slotsOf: (when: Schedule['when']) => Slots): ToMake {
  requireKnown(`a schedule "${name}"`, given, OPTIONS);
  const { job, missed = 'once', overlap = 'allow' } = given;
  const refuse = (problem: string): never => {
    throw new InvalidOptionsError(`Schedule "${name}": ${problem}.`);
  };
  if (!isJobRequest(job))
    return refuse(`expected job to be made by calling a contract, contract(data), got ${kindOf(job)}`);
  const { contract, data, options } = job;
  // It would lie in the index as it is, out of reach of the rotation of keys.
  if (contract.encrypt.length > 0)
    return refuse(
      `expected a contract that encrypts no field, "${contract.name}" encrypts ${contract.encrypt.join(', ')}: let the job carry an id, and its handler look the rest up`,
    );
  const strange = Object.keys(options).find(option => !FOR_EVERY_SLOT.has(option));
  if (strange !== undefined)
    return refuse(
      `expected options of its job among ${[...FOR_EVERY_SLOT].join(', ')}, got "${strange}": the slot is the key`,
    );
  if (!['skip', 'once', 'all'].includes(missed))
    return refuse(`expected missed to be skip, once or all, got ${kindOf(missed)}`);
  if (!['allow', 'skip'].includes(overlap))
    return refuse(`expected overlap to be allow or skip, got ${kindOf(overlap)}`);
  const when = ruleIn(given, refuse);
  let next: number | undefined;
  try {
    next = slotsOf(when).next(Date.UTC(2026, 0));
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    return refuse(`expected a cron of five or six fields in a known time zone (${why})`);
  }
  if (next === undefined) return refuse('expected a cron that fires some time, but it never does');
  // What a job of it must hold to, now and not at the first slot.
  const { json, tags } = check(contract, data, options);
  const schedule: CheckedSchedule = {
    contract: contract.name,
    data: contract.chunk === undefined ? JSON.parse(json) : data,
    // As it comes back: a repeat is told by it.
    options: JSON.parse(JSON.stringify(options)),
    when,
    missed,
    overlap,
  };
  return { schedule, tags };
}

/** @throws InvalidOptionsError */
export function checkPage(page: SchedulePageOptions): {
  readonly prefix: string;
  readonly after: string | undefined;
  readonly limit: number;
} {
  requireKnown('a page of schedules', page, PAGE);
  const { prefix = '', after, limit = 100 } = page;
  if (prefix !== '') checkName(prefix);
  if (after !== undefined) checkName(after);
  if (Number.isInteger(limit) && limit >= 1 && limit <= PAGE_LIMIT) return { prefix, after, limit };
  throw new InvalidOptionsError(
    `Expected limit to be an integer from 1 to ${PAGE_LIMIT}, got ${typeof limit === 'number' ? limit : kindOf(limit)}.`,
  );
}

function ruleIn({ cron, every, timeZone }: NewSchedule, refuse: (problem: string) => never): Schedule['when'] {
  if ((cron === undefined) === (every === undefined)) return refuse('expected either cron or every');
  if (every === undefined) {
    if (typeof cron !== 'string' || cron.length > 200)
      return refuse('expected cron to be a text of at most 200 characters');
    if (timeZone !== undefined && typeof timeZone !== 'string') return refuse('expected timeZone to be a text');
    return { kind: 'cron', cron: cron.trim(), timeZone: timeZone ?? 'UTC' };
  }
  if (timeZone !== undefined) return refuse('a time zone means nothing to every');
  const everyMs = toMilliseconds(every, 'every');
  const problem = everyProblem(everyMs);
  return problem === undefined ? { kind: 'every', everyMs } : refuse(problem);
}
