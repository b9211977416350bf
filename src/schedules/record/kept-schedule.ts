import type { EnqueueOptions, Schedule } from '../../contracts/index.ts';
import { cursorIn, type Cursor } from './cursor.ts';

export interface WhoAndWhen {
  readonly by: string;
  /** Engine time, milliseconds since 1970. */
  readonly at: number;
}

/**
 * Why whoever leads can do nothing with a schedule that is due: its release has no such contract, or cannot read its rule. Nothing of it is lost: it is
 * looked at again and again, and goes on by its policy for missed slots.
 */
export interface ScheduleHitch {
  readonly why: 'no-contract' | 'no-rule';
  readonly since: number;
}

/** A schedule that was made at run time, as it is kept. */
export interface KeptSchedule {
  /** The name of a contract. */
  readonly contract: string;
  /** As a producer gave it, in JSON. */
  readonly data: unknown;
  readonly options: Pick<EnqueueOptions, 'priority' | 'delay' | 'correlationId'>;
  /** What its jobs can be found by, if anything: keyed digests, a space between two. */
  readonly tags?: string;
  readonly when: Schedule['when'];
  readonly missed: Schedule['missed'];
  readonly overlap: Schedule['overlap'];
  /** A part of its jobs' identity: one that was removed and made again has slots of its own. */
  readonly incarnation: string;
  readonly made: WhoAndWhen;
  readonly changed: WhoAndWhen;
  readonly cursor: Cursor;
  readonly hitch?: ScheduleHitch;
}

const MISSED = ['skip', 'once', 'all'] as const;
const OVERLAP = ['allow', 'skip'] as const;

/** What any release may have written; undefined where it cannot be used. */
export function keptScheduleIn(value: unknown): KeptSchedule | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { contract, data, options, when, missed, overlap, incarnation, ...rest }: Fields<KeptSchedule> = value;
  const [rule, cursor] = [ruleIn(when), cursorIn(rest.cursor)];
  const [made, changed, hitch] = [whoIn(rest.made), whoIn(rest.changed), hitchIn(rest.hitch)];
  const [policy, overlaps] = [MISSED.find(each => each === missed), OVERLAP.find(each => each === overlap)];
  if (typeof contract !== 'string' || typeof incarnation !== 'string') return undefined;
  if (rule === undefined || cursor === undefined || made === undefined || changed === undefined) return undefined;
  if (policy === undefined || overlaps === undefined) return undefined;
  return {
    contract,
    data,
    // Checked once more where a job is made of them.
    options: typeof options === 'object' && options !== null ? options : {},
    ...(typeof rest.tags === 'string' && { tags: rest.tags }),
    when: rule,
    missed: policy,
    overlap: overlaps,
    incarnation,
    made,
    changed,
    cursor,
    ...(hitch !== undefined && { hitch }),
  };
}

type Fields<Of> = Partial<Record<keyof Of, unknown>>;

function ruleIn(value: unknown): KeptSchedule['when'] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, cron, timeZone, everyMs }: Partial<Record<'kind' | 'cron' | 'timeZone' | 'everyMs', unknown>> = value;
  if (kind === 'every') return typeof everyMs === 'number' && everyMs >= 1_000 ? { kind, everyMs } : undefined;
  if (kind !== 'cron' || typeof cron !== 'string' || typeof timeZone !== 'string') return undefined;
  return { kind, cron, timeZone };
}

function whoIn(value: unknown): WhoAndWhen | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { by, at }: Fields<WhoAndWhen> = value;
  return typeof by === 'string' && typeof at === 'number' ? { by, at } : undefined;
}

function hitchIn(value: unknown): ScheduleHitch | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { why, since }: Fields<ScheduleHitch> = value;
  if (typeof since !== 'number' || (why !== 'no-contract' && why !== 'no-rule')) return undefined;
  return { why, since };
}
