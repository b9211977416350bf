import { readResult, type AnyJobContract } from '../../contracts/index.ts';
import type { EndedJob } from '../../engine/index.ts';
import type { ShiftworkError } from '../../errors/index.ts';
import { endReasonOf } from '../meta/end-reason.ts';
import { ResultCancelledError } from './result-cancelled-error.ts';
import { ResultDeadError } from './result-dead-error.ts';
import { ResultExpiredError } from './result-expired-error.ts';
import { ResultUnknownError } from './result-unknown-error.ts';
import { ResultUnreadableError } from './result-unreadable-error.ts';

/**
 * What whoever waited gets of a job that has ended.
 * @throws ResultDeadError, ResultCancelledError, ResultExpiredError, ResultUnknownError, ResultUnreadableError
 */
export function resultFrom(id: string, end: Exclude<EndedJob, { kind: 'open' }>, contract?: AnyJobContract): unknown {
  if (end.kind === 'unknown') throw new ResultUnknownError(id);
  if (end.kind === 'unreadable')
    throw new ResultUnreadableError(id, 'cannot be read: something else is kept in its place');
  if (end.kind === 'failed') throw errorOf(id, end.message, endReasonOf(end.message, end.lastLine));
  const result = parsed(end.result);
  if (contract === undefined) return result;
  const read = readResult(contract, result);
  if (read.kind === 'unreadable') throw new ResultUnreadableError(id, read.problem);
  return read.result;
}

function errorOf(id: string, message: string, reason: string | undefined): ShiftworkError {
  if (reason === 'cancelled') return new ResultCancelledError(id, message);
  if (reason === 'expired') return new ResultExpiredError(id, message);
  return new ResultDeadError(id, reason, message);
}

/** A stock worker may have stored anything. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
