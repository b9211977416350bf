import type { DeadLetterDetails } from './dead-letter.ts';
import { fingerprintOf } from './fingerprint.ts';

/** A dead letter that is no job. */
export interface OtherDeadLetter {
  /** Of its source; visible characters. */
  readonly id: string;
  /** The event's type. */
  readonly name: string;
  /** The subscription or projection in which it ended. */
  readonly owner: string;
  /** A word for why. */
  readonly reason: string;
  /** Without the values of sensitive fields. */
  readonly error: string;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly enqueuedAt: number | undefined;
  readonly endedAt: number;
  /** Where it comes from, to be shown; names and values. */
  readonly provenance: Readonly<Record<string, string | undefined>>;
  /** Redacted. */
  readonly data: unknown;
}

/** What became of a letter that was acted on: `why` says why nothing did. */
export interface Acted {
  readonly id: string;
  readonly why?: string;
}

/**
 * Dead letters that no queue keeps: those of a transport's subscriptions, those of projections. They are looked through and acted on by
 * `DeadLetters` as jobs are.
 */
export interface OtherDeadLetters {
  /** One word, which begins the ids: `event`. */
  readonly kind: string;
  /** The same as people call it: `Event`. The kind when left out. */
  readonly what?: string;
  list(limit: number): Promise<readonly OtherDeadLetter[]>;
  count(): Promise<number>;
  /** Each once more, in the given order; `pace` is awaited before each. */
  replay(ids: readonly string[], pace: () => Promise<void>): Promise<readonly Acted[]>;
  discard(ids: readonly string[]): Promise<readonly Acted[]>;
}

/** As lists and pages show it. */
export function shown({ kind, what = kind }: OtherDeadLetters, letter: OtherDeadLetter): DeadLetterDetails {
  const { id, name, owner, reason, error, attempts, enqueuedAt, endedAt, provenance, data } = letter;
  return {
    kind,
    what,
    id: `${kind}~${id}`,
    name,
    queue: owner,
    enqueuedAt,
    endedAt,
    attemptsMade: attempts,
    reason: `${reason}: ${error}`,
    fingerprint: fingerprintOf({ jobName: `${kind} ${owner} ${name}`, error: reason, message: error }),
    data,
    worker: undefined,
    errors: [error],
    history: [],
    firstFailedAt: undefined,
    replays: 0,
    provenance,
  };
}

/** The id at its source; undefined: it is none of that kind. */
export function ownId(kind: string, id: string): string | undefined {
  return id.startsWith(`${kind}~`) ? id.slice(kind.length + 1) : undefined;
}
