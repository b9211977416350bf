import { UnrecoverableError } from 'bullmq';
import { hasCode, toError } from '../../errors/index.ts';
import {
  type AnyJobContract,
  InvalidResultError,
  isJobCancelled,
  requireResult,
  isHandlerDecision,
  type HandlerDecision,
} from '../../contracts/index.ts';
import { backoffDelay, isDeliveryError } from '../../resilience/index.ts';
import { isEffectInProgress } from '../../state/index.ts';
import { classifyAnswers } from './chunks/classify-answers.ts';
import { JobDeadError } from './job-dead-error.ts';
import type { Outcome } from './outcome.ts';
import { KEY_AGAIN_MS } from './encrypted/without-key.ts';

export interface AttemptInfo {
  /** 1 for the first. */
  readonly attempt: number;
  readonly attempts: number;
  /** By the engine's clock, milliseconds since 1970. */
  readonly startedAt: number;
  /** The engine's time now. */
  readonly now: () => number;
}

/** What a returned value means: a result, or an outcome said explicitly. */
export function classifyReturn(contract: AnyJobContract, returned: unknown, info: AttemptInfo): Outcome {
  try {
    if (isHandlerDecision(returned)) return fromDecision(contract, returned, info);
    if (contract.chunk !== undefined && Array.isArray(returned))
      return classifyAnswers(returned, thrown => classifyThrow(contract, thrown, info));
    requireResult(contract, returned);
    return { kind: 'succeeded', result: returned };
  } catch (error) {
    // What was done is done: another attempt would do it again, and return the same.
    if (error instanceof InvalidResultError) return { kind: 'dead', reason: 'permanent', error };
    return failedAttempt(contract, new Error('The handler returned something that cannot be looked at.'), info);
  }
}

/** What a thrown value means. Anything unknown is a failed attempt. */
export function classifyThrow(contract: AnyJobContract, thrown: unknown, info: AttemptInfo): Outcome {
  try {
    return fromThrown(contract, thrown, info);
  } catch {
    // A proxy, say: even asking what it is throws.
    return failedAttempt(contract, new Error('The handler threw something that cannot be looked at.'), info);
  }
}

function fromThrown(contract: AnyJobContract, thrown: unknown, info: AttemptInfo): Outcome {
  if (isHandlerDecision(thrown)) return fromDecision(contract, thrown, info);
  const error = toError(thrown);
  if (isJobCancelled(error)) return { kind: 'cancelled', reason: error.reason };
  if (hasCode(error, 'JOB_DEAD') || isUnrecoverable(error)) return { kind: 'dead', reason: 'said-by-handler', error };
  // The handler's own fault, which stays: another attempt would do again what is done.
  if (hasCode(error, 'STEP_REFUSED', 'STEP_REPEATED', 'EFFECT_REFUSED', 'ANSWERS_INVALID', 'ENCRYPTED_DATA_UNREADABLE'))
    return { kind: 'dead', reason: 'permanent', error };
  // Of what earlier runs have stored: that of its data was looked at before.
  if (hasCode(error, 'PAYLOAD_KEY_MISSING'))
    return { kind: 'snoozed', untilMs: info.now() + KEY_AGAIN_MS, reason: error.message, alarm: true };
  if (isEffectInProgress(error)) {
    const untilMs = info.now() + error.retryAfterMs;
    return { kind: 'snoozed', untilMs, reason: error.message, alarm: false };
  }
  if (hasCode(error, 'EFFECT_IN_DOUBT')) return { kind: 'dead', reason: 'in-doubt', error };
  if (contract.onDoubt === 'hold' && leavesDoubt(error)) return { kind: 'dead', reason: 'in-doubt', error };
  if (isDeliveryError(error)) {
    if (error.failure === 'permanent') return { kind: 'dead', reason: 'permanent', error };
    const { retryAfterMs: asked } = error;
    // A far side may lengthen the contract's own pause; one that could shorten it would use up the attempts as it likes.
    return failedAttempt(contract, error, info, own => (asked === undefined ? own : Math.max(own, drawnOut(asked))));
  }
  return failedAttempt(contract, error, info);
}

/** How handlers written for BullMQ say that trying again cannot help; known as BullMQ knows it, also from another copy of it. */
function isUnrecoverable(error: Error): boolean {
  return error instanceof UnrecoverableError || error.name === 'UnrecoverableError';
}

/** The effect may have happened: its client says so, or its handler was stopped at the deadline, whatever it was about to hear. */
function leavesDoubt(error: Error): boolean {
  return (
    hasCode(error, 'JOB_TIMEOUT') ||
    hasCode(error, 'JOB_SILENT') ||
    (isDeliveryError(error) && error.failure === 'unknown')
  );
}

function fromDecision(contract: AnyJobContract, decision: HandlerDecision, info: AttemptInfo): Outcome {
  switch (decision.what) {
    case 'retry':
      return failedAttempt(contract, new Error(decision.reason), info, () => drawnOut(decision.afterMs));
    case 'snooze':
      return { kind: 'snoozed', untilMs: info.startedAt + decision.forMs, reason: decision.reason, alarm: false };
    case 'cancel':
      return { kind: 'cancelled', reason: decision.reason };
    case 'dead':
      return { kind: 'dead', reason: 'said-by-handler', error: new JobDeadError(decision.reason) };
  }
}

/** @param pause the wait for the next attempt, of the contract's own; both in milliseconds */
function failedAttempt(
  contract: AnyJobContract,
  error: Error,
  { attempt, attempts }: AttemptInfo,
  pause: (ownMs: number) => number = own => own,
): Outcome {
  if (attempt >= attempts) return { kind: 'dead', reason: 'attempts-exhausted', error };
  return { kind: 'retry', afterMs: pause(backoffDelay(contract.retry.backoff, attempt)), error };
}

/** Never earlier than was asked; the jitter on top keeps a crowd apart. */
function drawnOut(askedMs: number): number {
  return Math.max(1, askedMs) + Math.round(Math.random() * Math.min(askedMs / 10, 5_000));
}
