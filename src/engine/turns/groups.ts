import type { JobsOptions } from 'bullmq';

/** At most `max` takes in `perMs`: BullMQ's limiter of a worker. What a stock queue has set in its own settings wins. */
export interface TakeRate {
  readonly max: number;
  readonly perMs: number;
}

/**
 * How many jobs of one group may run at once, and how many may start. A group is `NAME/KEY`: the jobs of one key under this limit, such as
 * those of one tenant. The limit named '' is the queue's own: it has no keys and counts every job.
 */
export interface GroupLimit {
  readonly name: string;
  readonly concurrency?: number | undefined;
  readonly rate?: TakeRate | undefined;
  /**
   * Of one with a concurrency of 1: the job that was started has the group until it has ended for good, also while it waits for its next attempt or
   * for another worker. No other one of the group starts before.
   */
  readonly strict?: boolean | undefined;
  /** Its groups take turns, also where no limit keeps any of them: their jobs stand in lines from when they are added. */
  readonly fair?: boolean | undefined;
  /** A group's own numbers, which its jobs bring along, come before these: those of the newest of them, where some wait. */
  readonly tiered?: boolean | undefined;
}

/** Numbers of one group, as they are stored with a job: concurrency, then the pace of its starts (max, window, interval, slack); 0 where the limit's own holds. */
export type Tier = readonly number[];

export function tierOf({ concurrency = 0, rate }: Pick<GroupLimit, 'concurrency' | 'rate'>): Tier {
  if (rate === undefined) return [concurrency];
  const { max, windowMs, intervalMs, slackMs } = startPace(rate);
  return [concurrency, max, windowMs, intervalMs, slackMs];
}

/** Of a job whose group takes turns with others: stored with it when it is added. */
export interface FairShare {
  /** The name of the limit: the job stands in the line of its group under that. */
  readonly limit: string;
  /** How many jobs its group may start where one of weight 1 starts one; 1 when left out. */
  readonly weight?: number | undefined;
  /** How many milliseconds after it was added it only ends. */
  readonly expiresMs?: number | undefined;
}

export const WEIGHTS = { least: 1, most: 100 } as const;

/** A job's options with the groups that it belongs to: stored when it is added, so that whoever takes can decide before it is started. */
export interface GroupedOptions extends JobsOptions {
  readonly groups?: readonly string[];
  readonly fair?: FairShare | undefined;
  /** Of its groups that have numbers of their own, by the names of their limits. */
  readonly tiers?: Readonly<Record<string, Tier>> | undefined;
  /** Digests of its tags, with a space between them: each is at most 43 characters of base64url. */
  readonly tg?: string | undefined;
}

/** More than a contract has limits. */
export const GROUPS_AT_MOST = 8;

/** The groups that stand in a job's options, whoever wrote them. */
export function groupsOf(opts: object): readonly string[] {
  const groups: unknown = Reflect.get(opts, 'groups');
  return Array.isArray(groups) ? groups.filter(group => typeof group === 'string').slice(0, GROUPS_AT_MOST) : [];
}

/** The group in whose line a job stands from when it is added. */
export function fairGroupOf({ groups = [], fair }: Pick<GroupedOptions, 'groups' | 'fair'>): string | undefined {
  return fair && groups.find(group => limitOf(group) === fair.limit);
}

export function groupName(limit: string, key: string): string {
  return `${limit}/${key}`;
}

/** All jobs of a contract: what a person pauses by the contract's name. No job carries it. */
export function contractGroup(contract: string): string {
  return groupName('job', contract);
}

/** The name of the limit whose group that is. */
export function limitOf(group: string): string {
  const end = group.indexOf('/');
  return end === -1 ? group : group.slice(0, end);
}

/**
 * BullMQ's numbers of priorities end at 2,097,152. A job that waits for a limit or a pause stands behind all others of its queue, at its own
 * priority and this: our workers pass it over, every other program sees it wait, and a stock Worker takes it last.
 */
export const HELD_PRIORITY = 4_194_304;
/** Those that take turns stand between: nothing keeps them, and their groups say when it is their turn. Stock Workers take them in plain order. */
export const PARKED_PRIORITY = 2_097_152;

/** The numbers by which every engine decides whether a job may start. All in milliseconds. */
export interface StartPace {
  readonly max: number;
  /** No window of this length holds more than `max` starts. */
  readonly windowMs: number;
  /** Starts are so far apart where they follow each other. */
  readonly intervalMs: number;
  /** How far behind that line the starts may be and still catch up at once. */
  readonly slackMs: number;
}

/** Between a start and the moment at which the handler begins lie a few milliseconds, which differ from job to job. */
const LEAST_MARGIN_MS = 1;
const MOST_MARGIN_MS = 25;
const MOST_SLACK_MS = 50;
/** From here on a margin of a hundredth is longer than what lies between a start and its handler, and nobody who says "two a minute" means one each half minute. */
const LONG_WINDOW_MS = 10_000;
const LONG_MARGIN_MS = 250;

/**
 * A window alone would let all of `max` start at its edge, and a few milliseconds between start and handler would then be enough to see far
 * more in a second than it allows: so starts are spaced, too. A line of spaced starts alone loses what each start is late: so it may catch up.
 * Those of a long window are not spaced.
 */
export function startPace({ max, perMs }: TakeRate): StartPace {
  if (perMs >= LONG_WINDOW_MS) {
    return { max, windowMs: Math.ceil(perMs + Math.min(perMs / 100, LONG_MARGIN_MS)), intervalMs: 0, slackMs: 0 };
  }
  const margin = Math.min(Math.max(perMs / 100, LEAST_MARGIN_MS), MOST_MARGIN_MS);
  return {
    max,
    windowMs: Math.ceil(perMs + margin),
    intervalMs: perMs / max,
    slackMs: Math.min(perMs / 10, MOST_SLACK_MS),
  };
}
