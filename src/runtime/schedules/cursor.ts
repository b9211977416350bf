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
}

/** Tells one rule from another: when a schedule is due, and in which zone. */
export function ruleOf({ when }: Schedule): string {
  const text = when.kind === 'every' ? `every ${when.everyMs}` : `cron ${when.timeZone} ${when.cron.trim()}`;
  return hash('sha256', text, 'base64url').slice(0, 16);
}

/** What any release may have written; undefined where it cannot be used. */
export function cursorIn(value: unknown): Cursor | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { slot, rule, retired, jobId }: Partial<Record<keyof Cursor, unknown>> = value;
  if (typeof slot !== 'number') return undefined;
  return {
    slot,
    ...(typeof rule === 'string' && { rule }),
    ...(retired === true && { retired }),
    ...(typeof jobId === 'string' && { jobId }),
  };
}
