import { hasCode, ShiftworkError } from '../errors/index.ts';

/**
 * What a failed call to the outside says about the next try:
 * - `transient`: the same call may work later.
 * - `permanent`: the same call will never work.
 * - `destination-down`: nothing for this destination works now.
 * - `unknown`: the effect may have happened.
 */
export type FailureKind = 'transient' | 'permanent' | 'destination-down' | 'unknown';

export interface DeliveryErrorOptions extends ErrorOptions {
  /** The host, provider or mailbox server that failed; never a full URL, never an address of a person. */
  readonly destination?: string;
  /** The wait that the far side asked for, in milliseconds: a year at most; what is no such number counts as not asked. */
  readonly retryAfterMs?: number;
  /** The far side is well: it answered that this call came too early or too often. Not held against it. */
  readonly busy?: boolean;
  /** The HTTP status of the answer, where there was one. */
  readonly status?: number;
}

const YEAR_MS = 365 * 86_400_000;

/** A call to the outside failed, and its client has said what that means. */
export class DeliveryError extends ShiftworkError {
  readonly code = 'DELIVERY_FAILED';
  readonly failure: FailureKind;
  readonly destination: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly busy: boolean;
  readonly status: number | undefined;

  constructor(failure: FailureKind, message: string, options: DeliveryErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.failure = failure;
    this.destination = options.destination;
    this.retryAfterMs = soundWait(options.retryAfterMs);
    this.busy = options.busy ?? false;
    this.status = options.status;
  }
}

/** It may have been read from an answer. Not refused: the failure itself must be told. */
function soundWait(ms: number | undefined): number | undefined {
  return ms !== undefined && Number.isFinite(ms) && ms >= 0 ? Math.min(Math.round(ms), YEAR_MS) : undefined;
}

const KINDS: ReadonlySet<unknown> = new Set<FailureKind>(['transient', 'permanent', 'destination-down', 'unknown']);

/** Also for an error of another copy of the package, which has a class of its own. */
export function isDeliveryError(thrown: unknown): thrown is DeliveryError {
  return hasCode(thrown, 'DELIVERY_FAILED') && 'failure' in thrown && KINDS.has(thrown.failure);
}
