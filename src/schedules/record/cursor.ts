import { hash } from 'node:crypto';
import type { Schedule } from '../../contracts/index.ts';

/** How far a schedule has come. */
export interface Cursor {
  /** The last slot that was dealt with, or when it began. */
  readonly slot: number;
  /** Of the rule that it has come so far by: see `ruleOf`. Undefined where release 0.1 has written it. */
  readonly rule?: string;
  /** A release without this schedule has led meanwhile: what has passed since was never to be. */
  readonly retired?: boolean;
  /** The job of that slot, where it became one. */
  readonly jobId?: string;
  /** Somebody has paused it: slots become no jobs until it is resumed, and are not made up for then. */
  readonly paused?: SchedulePause;
  /** What became of its last slots, oldest first. */
  readonly recent?: readonly SlotRecord[];
}

export interface SchedulePause {
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason?: string;
}

/** What became of a slot, or of several in a row of which none became a job. */
export interface SlotRecord {
  /** The slot, the first of several; milliseconds since 1970. Of a run by hand: when it was asked for. */
  readonly at: number;
  /**
   * `queued`: it became a job. `skipped`: the job before it was not over. `failed`: its data was refused. `missed`: nobody was there, and the
   * policy makes no job. `paused`: it was paused. `by hand`: somebody ran it.
   */
  readonly what: SlotFate;
  readonly count: number;
  readonly jobId?: string;
  readonly by?: string;
}

const FATES = ['queued', 'skipped', 'failed', 'missed', 'paused', 'by hand'] as const;
export type SlotFate = (typeof FATES)[number];

export const CURSOR_KEPT_MS = 400 * 86_400_000;
const KEPT = 20;

/** Adds what became of a slot; those in a row that became no job for one reason stand as one. */
export function remember(recent: readonly SlotRecord[] = [], record: SlotRecord, most = KEPT): readonly SlotRecord[] {
  const last = recent.at(-1);
  const isSame = last?.what === record.what && (record.what === 'missed' || record.what === 'paused');
  if (isSame) return [...recent.slice(0, -1), { ...last, count: last.count + record.count }];
  return [...recent, record].slice(-most);
}

/** What stays of a cursor wherever it goes. */
export function kept(cursor: Cursor | undefined): Pick<Cursor, 'jobId' | 'paused' | 'recent'> {
  const { jobId, paused, recent } = cursor ?? {};
  return {
    ...(jobId !== undefined && { jobId }),
    ...(paused !== undefined && { paused }),
    ...(recent !== undefined && { recent }),
  };
}

/** Tells one rule from another: when a schedule is due, and in which zone. */
export function ruleOf({ when }: Pick<Schedule, 'when'>): string {
  const text = when.kind === 'every' ? `every ${when.everyMs}` : `cron ${when.timeZone} ${when.cron.trim()}`;
  return hash('sha256', text, 'base64url').slice(0, 16);
}

/** What any release may have written; undefined where it cannot be used. */
export function cursorIn(value: unknown): Cursor | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { slot, rule, retired, jobId, paused, recent }: Partial<Record<keyof Cursor, unknown>> = value;
  if (typeof slot !== 'number') return undefined;
  const pause = pauseIn(paused);
  const records = Array.isArray(recent) ? recent.flatMap(recordIn) : [];
  return {
    slot,
    ...(typeof rule === 'string' && { rule }),
    ...(retired === true && { retired }),
    ...(typeof jobId === 'string' && { jobId }),
    ...(pause !== undefined && { paused: pause }),
    ...(records.length > 0 && { recent: records }),
  };
}

function pauseIn(value: unknown): SchedulePause | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { by, at, reason }: Partial<Record<keyof SchedulePause, unknown>> = value;
  if (typeof by !== 'string' || typeof at !== 'number') return undefined;
  return { by, at, ...(typeof reason === 'string' && { reason }) };
}

function recordIn(value: unknown): SlotRecord[] {
  if (typeof value !== 'object' || value === null) return [];
  const { at, what, count, jobId, by }: Partial<Record<keyof SlotRecord, unknown>> = value;
  const fate = FATES.find(each => each === what);
  if (typeof at !== 'number' || fate === undefined) return [];
  return [
    {
      at,
      what: fate,
      count: typeof count === 'number' ? count : 1,
      ...(typeof jobId === 'string' && { jobId }),
      ...(typeof by === 'string' && { by }),
    },
  ];
}
