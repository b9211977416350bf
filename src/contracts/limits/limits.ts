import { shown } from '../../errors/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import type { KeyPart } from '../define/key-policy.ts';
import { unknownOptions, type Known } from '../define/checks/known-options.ts';

/** Starts at most `max` jobs in any stretch of `per`. */
export interface RateDefinition {
  readonly max: number;
  readonly per: Duration;
}

/** How groups share what there is. */
export interface FairDefinition {
  /**
   * How many jobs of the group start where one of weight 1 starts one, from 1 to 100. Whoever enqueues asks it, with what `by` has answered, and the
   * answer is stored with the job: the next job of the group that starts says how soon the one after it does.
   */
  readonly weight: (group: string) => number;
}

/** How many jobs that belong together may run at once, and how many may start, in all worker processes together. */
export interface LimitDefinition<Data> {
  /**
   * Names its groups, for whoever looks at them or pauses one: `tenant`, and its groups `tenant/acme`. Letters, digits, "-" and "_". The contract's name
   * where it is left out. Contracts of one queue that name the same limit share it, and say the same numbers.
   */
  readonly name?: string;
  /**
   * Which jobs belong together: those for which it answers the same, such as a tenant's id. No person, no secret: it stands in logs, pages and
   * metrics. `undefined`: the job belongs to no group of this limit. Left out: all jobs of the contract, or of the queue, are one group.
   */
  readonly by?: (data: Data) => KeyPart | undefined;
  /**
   * Runs at once at most in each group. A function says it group by group: whoever enqueues asks it, with what `by` has answered, and the answer is
   * stored with the job; the newest job of a group that waits says it for the whole group.
   */
  readonly concurrency?: number | ((group: string) => number);
  /** Starts at most in each group; a function as for `concurrency`. */
  readonly rate?: RateDefinition | ((group: string) => RateDefinition);
  /**
   * What a `concurrency` of 1 means. `strict`: the jobs of a group come one after the other, each once the one before has ended for good, also where
   * that one waits for its next attempt or its worker is killed. `starts`: they start in their order, and while one waits for its next attempt the
   * next one goes on. `strict` where it is left out and the limit is a contract's; `starts` in the limits of a queue and of chunks.
   */
  readonly order?: 'strict' | 'starts';
  /**
   * Its groups take turns, one job each, also where no limit keeps any of them: a group with a million jobs in front delays one with ten by a turn, not by
   * a million. Of one contract one limit; in the contract alone, since the jobs stand in lines from when they are enqueued.
   */
  readonly fair?: true | FairDefinition;
}

export interface RatePolicy {
  readonly max: number;
  readonly perMs: number;
}

/** As it was checked. */
export interface LimitPolicy {
  readonly name: string;
  /** From the validated data; undefined: all jobs are one group. */
  readonly by: ((data: unknown) => unknown) | undefined;
  readonly concurrency: number | undefined;
  readonly rate: RatePolicy | undefined;
  /** One after the other, over retries, too. */
  readonly strict: boolean;
  /** What says the numbers group by group. */
  readonly tier: TierPolicy | undefined;
  /** Its groups take turns; undefined: its jobs come in plain order where no limit keeps them. */
  readonly fair: FairPolicy | undefined;
}

/** Of a group that has none of its own, as its jobs are of another program, one runs at once, and any number starts. */
export interface TierPolicy {
  readonly concurrency: ((group: string) => number) | undefined;
  readonly rate: ((group: string) => RateDefinition) | undefined;
}

export interface FairPolicy {
  /** By what `by` has answered; undefined: each has the same. */
  readonly weight: ((group: string) => unknown) | undefined;
}

/** Who says the limits. */
export interface LimitOwner {
  /** The name of a limit that has none. */
  readonly name: string;
  /** Whoever enqueues knows its groups: they stand with a job from the beginning. */
  readonly isKnown: boolean;
}

/** A job belongs to as many groups at most: a few limits, its destination among them. */
export const GROUPS_OF_A_JOB = 8;
/** The groups of this limit are destinations. */
export const DESTINATION = 'destination';
/** What is said of all groups of these names is said of destinations and contracts. */
const RESERVED: ReadonlySet<string> = new Set([DESTINATION, 'job']);
const NAME = /^[\w-]{1,60}$/;
const KNOWN: Known<LimitDefinition<unknown>> = {
  name: true,
  by: true,
  concurrency: true,
  rate: true,
  order: true,
  fair: true,
};

/** @param refuse throws, or notes the problem and goes on */
export function limitPolicies(
  given: unknown,
  owner: LimitOwner,
  refuse: (problem: string) => void,
): readonly LimitPolicy[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    refuse('expected limits to be a list of { name, by, concurrency, rate }');
    return [];
  }
  const policies: LimitPolicy[] = [];
  for (const [index, each] of (given as readonly unknown[]).entries()) {
    const what = `limits[${index}]`;
    if (typeof each !== 'object' || each === null) {
      refuse(`expected ${what} to be { name, by, concurrency, rate }`);
      continue;
    }
    for (const problem of unknownOptions(each, KNOWN)) refuse(`${what}: ${problem.replace(/\.$/, '')}`);
    const policy = limitPolicy(each, { what, owner }, refuse);
    if (policies.some(({ name }) => name === policy.name)) {
      refuse(`expected each of the limits to have a name of its own, "${policy.name}" stands there twice`);
    }
    policies.push(policy);
  }
  return policies;
}

/** Those of a contract. @throws what `refuse` throws */
export function contractLimits(
  given: unknown,
  owner: LimitOwner,
  refuse: (problem: string) => never,
): readonly LimitPolicy[] {
  const limits = limitPolicies(given, owner, problem => refuse(`${problem}.`));
  // Its destination is one, too.
  if (limits.filter(({ fair }) => fair !== undefined).length > 1) {
    refuse('expected at most one of the limits to be fair: a job stands in one line.');
  }
  if (limits.length >= GROUPS_OF_A_JOB) refuse(`expected at most ${GROUPS_OF_A_JOB - 1} limits, got ${limits.length}.`);
  return Object.freeze(limits);
}

function limitPolicy(
  { name, by, concurrency, rate, order, fair }: LimitDefinition<never>,
  { what, owner }: { readonly what: string; readonly owner: LimitOwner },
  refuse: (problem: string) => void,
): LimitPolicy {
  if (name !== undefined && (typeof name !== 'string' || !NAME.test(name) || RESERVED.has(name))) {
    refuse(`expected ${what}.name to be 1 to 60 letters, digits, "-" or "_", and neither "destination" nor "job"`);
  }
  if (by !== undefined && typeof by !== 'function') {
    refuse(`expected ${what}.by to be a function of the data, such as ({ tenantId }) => tenantId`);
  }
  if (concurrency === undefined && rate === undefined && fair === undefined) {
    refuse(`expected ${what} to have a concurrency or a rate, or to be fair: without one it limits nothing`);
  }
  return Object.freeze({
    name: name ?? limitNameOf(owner.name),
    // Only data that a schema has validated is ever passed in.
    by: by as LimitPolicy['by'],
    concurrency: typeof concurrency === 'function' ? 1 : concurrencyOf(`${what}.concurrency`, concurrency, refuse),
    rate: typeof rate === 'function' ? undefined : ratePolicy(`${what}.rate`, rate, refuse),
    tier: tierPolicy({ what, owner }, by !== undefined, { concurrency, rate }, refuse),
    strict: isStrict({ what, owner }, concurrency, order, refuse),
    fair: fairPolicy({ what, owner }, by !== undefined, fair, refuse),
  });
}

function tierPolicy(
  { what, owner }: { readonly what: string; readonly owner: LimitOwner },
  hasGroups: boolean,
  { concurrency, rate }: { readonly [Part in 'concurrency' | 'rate']: LimitDefinition<never>[Part] | undefined },
  refuse: (problem: string) => void,
): TierPolicy | undefined {
  const said = {
    concurrency: typeof concurrency === 'function' ? concurrency : undefined,
    rate: typeof rate === 'function' ? rate : undefined,
  };
  if (said.concurrency === undefined && said.rate === undefined) return undefined;
  if (!hasGroups) refuse(`expected ${what} to have a by: a function says numbers group by group`);
  if (!owner.isKnown) {
    refuse(
      `expected ${what} to have numbers: whoever enqueues does not know its groups, so nobody would ask the function. ` +
        'Say it in the limits of a contract without chunk',
    );
  }
  return said;
}

function fairPolicy(
  { what, owner }: { readonly what: string; readonly owner: LimitOwner },
  hasGroups: boolean,
  fair: unknown,
  refuse: (problem: string) => void,
): FairPolicy | undefined {
  if (fair === undefined) return undefined;
  const weight: unknown = typeof fair === 'object' && fair !== null ? Reflect.get(fair, 'weight') : undefined;
  if (fair !== true && typeof weight !== 'function') {
    refuse(`expected ${what}.fair to be true, or { weight: group => 1 to 100 }`);
  }
  if (!hasGroups) refuse(`expected ${what} to have a by: one group has nobody to take turns with`);
  if (!owner.isKnown) {
    refuse(
      `expected ${what} without fair: whoever enqueues does not know its groups, so jobs cannot stand in their lines. ` +
        'Say it in the limits of a contract without chunk',
    );
  }
  return {
    weight: typeof weight === 'function' ? (group): unknown => Reflect.apply(weight, undefined, [group]) : undefined,
  };
}

function isStrict(
  { what, owner }: { readonly what: string; readonly owner: LimitOwner },
  concurrency: unknown,
  order: unknown,
  refuse: (problem: string) => void,
): boolean {
  if (order === undefined) return owner.isKnown && concurrency === 1;
  if (order !== 'strict' && order !== 'starts') {
    refuse(`expected ${what}.order to be "strict" or "starts", got ${shown(order)}`);
  } else if (order === 'strict' && concurrency !== 1) {
    refuse(`expected ${what} to have a concurrency of 1: jobs that run at once have no strict order`);
  } else if (order === 'strict' && !owner.isKnown) {
    refuse(
      `expected ${what} without a strict order: whoever enqueues does not know its groups, and jobs start before they have any. ` +
        'Say it in the limits of a contract without chunk',
    );
  }
  return order === 'strict';
}

/** A contract's name may hold what ends the name of a limit. */
function limitNameOf(contract: string): string {
  return contract.replaceAll('%', '%25').replaceAll('/', '%2F');
}

export function concurrencyOf(what: string, given: unknown, refuse: (problem: string) => void): number | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 1) return given;
  refuse(`expected ${what} to be an integer >= 1, got ${shown(given)}`);
  return undefined;
}

export function ratePolicy(
  what: string,
  rate: RateDefinition | undefined,
  refuse: (problem: string) => void,
): RatePolicy | undefined {
  if (rate === undefined) return undefined;
  if (typeof rate !== 'object' || rate === null || rate.per === undefined) {
    refuse(`expected ${what} to be { max, per }, such as { max: 100, per: '1s' }`);
    return undefined;
  }
  const perMs = toMilliseconds(rate.per, `${what}.per`);
  if (Number.isSafeInteger(rate.max) && rate.max >= 1 && perMs >= 1) return { max: rate.max, perMs };
  refuse(`expected ${what} to be at least 1 per millisecond or longer, got ${shown(rate.max)} per ${perMs} ms`);
  return undefined;
}

/** Whether two limits of one name say the same. */
export function isSameLimit(one: LimitPolicy, other: LimitPolicy): boolean {
  return (
    one.concurrency === other.concurrency &&
    one.rate?.max === other.rate?.max &&
    one.rate?.perMs === other.rate?.perMs &&
    one.strict === other.strict &&
    (one.fair === undefined) === (other.fair === undefined) &&
    (one.tier?.concurrency === undefined) === (other.tier?.concurrency === undefined) &&
    (one.tier?.rate === undefined) === (other.tier?.rate === undefined)
  );
}
