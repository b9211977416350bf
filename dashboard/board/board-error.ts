import type { ControllerHandlerReturnType } from '@bull-board/api/typings/app';
import { InvalidOptionsError } from '../../src/errors/index.ts';
import { InvalidPayloadError, PayloadTooLargeError } from '../../src/contracts/index.ts';
import { isEngineAway } from '../http/engine-away.ts';

/** BullMQ's own words about a job's or a queue's state, which say what to do next and quote no data. */
const ABOUT_STATE =
  /^(Cannot obliterate|Job \S+ (is not|could not|belongs)|Missing (lock|key) for job|.*is not in the \S+ state)/;

/** What Bull Board answers when an action failed: never a stack, a host or what the engine said. */
export function boardError(error: Error, report: (error: unknown) => void): ControllerHandlerReturnType {
  if (
    error instanceof InvalidOptionsError ||
    error instanceof InvalidPayloadError ||
    error instanceof PayloadTooLargeError
  ) {
    return { status: 400, body: { error: { key: 'ERRORS.INVALID_REQUEST_BODY' }, message: error.message } };
  }
  if (statusOf(error) < 500) {
    return { status: 400, body: { error: { key: 'ERRORS.INVALID_REQUEST_BODY' } } };
  }
  if (isEngineAway(error)) {
    return failed('The queue engine cannot be reached now. The page recovers by itself when it is back.');
  }
  if (ABOUT_STATE.test(error.message)) return failed(error.message.slice(0, 300));
  report(error);
  return failed('The action failed; the log of the dashboard says why.');
}

function failed(message: string): ControllerHandlerReturnType {
  return { status: 500, body: { error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' }, message } };
}

/** Of errors that express made of a request: a path that cannot be decoded, a body that is no JSON. */
function statusOf(error: Error): number {
  const status = 'status' in error ? error.status : undefined;
  return typeof status === 'number' && status >= 400 ? status : 500;
}
