import type { TagForms } from '../queue/index.ts';
import { isExpected, type DeadLetter } from './dead-letter.ts';

/** Which dead letters. Everything left out matches all. */
export interface DeadLetterFilter {
  readonly kind?: string | undefined;
  /** Jobs of that queue. */
  readonly queue?: string | undefined;
  /** Events that ended in that subscription or projection. */
  readonly subscription?: string | undefined;
  readonly name?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  /** When each of `ids` had ended as it was listed: one that has ended again since is left alone. */
  readonly endedAt?: ReadonlyMap<string, number | undefined> | undefined;
  /** Ended at or after, milliseconds since 1970. */
  readonly since?: number | undefined;
  /** Ended at or before. */
  readonly until?: number | undefined;
  /** Expired and cancelled ones too. */
  readonly all?: boolean | undefined;
  /** Jobs that ended so; with `all`, where it is no failure. */
  readonly state?: LetterState | undefined;
  /** Jobs that carry all of these tags: of each tag its digests, under the present secret and under the previous one. */
  readonly tags?: TagForms | undefined;
  /** A job's id: it, and those that follow from it; or the id of a trace. */
  readonly about?: string | undefined;
}

export const LETTER_STATES = ['dead', 'cancelled', 'expired'] as const;
export type LetterState = (typeof LETTER_STATES)[number];

/** What is known of jobs alone, and of each only once it is read. */
export function asksOfJobs({ state, tags, about }: DeadLetterFilter): boolean {
  return state !== undefined || tags !== undefined || about !== undefined;
}

/** Apart from where a letter is kept: kind, queue and ids are for who looks for it. */
export function matches(
  letter: DeadLetter,
  { name, subscription, fingerprint, since, until, all }: DeadLetterFilter,
): boolean {
  if (subscription !== undefined && letter.queue !== subscription) return false;
  if (name !== undefined && letter.name !== name) return false;
  if (fingerprint !== undefined && letter.fingerprint !== fingerprint) return false;
  if (since !== undefined && (letter.endedAt ?? 0) < since) return false;
  if (until !== undefined && (letter.endedAt ?? 0) > until) return false;
  return all === true || !isExpected(letter);
}
