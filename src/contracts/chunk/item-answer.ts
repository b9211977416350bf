import {
  isHandlerDecision,
  type DeadDecision,
  type HandlerDecision,
  type RetryDecision,
} from '../run/handler-decision.ts';
import { InvalidAnswersError } from './invalid-answers-error.ts';

/**
 * What became of one item of a chunk: `'done'`; `'retry'` after the contract's backoff; `retryAfter(...)`; `dead(...)`; or the error that it
 * failed with, which means what it would mean where it is thrown.
 */
export type ItemAnswer = 'done' | 'retry' | RetryDecision | DeadDecision | Error;

/**
 * Looks at what a handler has answered for the items of a chunk. A list has an answer for each.
 * @throws InvalidAnswersError
 */
export function requireAnswers(
  contract: string,
  items: number,
  returned: unknown,
): readonly ItemAnswer[] | HandlerDecision | undefined {
  if (returned === undefined || isHandlerDecision(returned)) return returned;
  const expected = 'expected nothing where all are done, or a list with an answer for each';
  if (!Array.isArray(returned)) {
    throw new InvalidAnswersError(contract, `${expected}, found ${returned === null ? 'null' : typeof returned}`);
  }
  if (returned.length !== items) {
    throw new InvalidAnswersError(contract, `${expected} of ${items} items, found ${returned.length} answers`);
  }
  // Array.from: a hole is no answer.
  return Array.from(returned, (answer: unknown, index) => {
    if (isItemAnswer(answer)) return answer;
    throw new InvalidAnswersError(
      contract,
      `expected 'done', 'retry', retryAfter(...), dead(...) or an error for item ${index}, found ${kindOf(answer)}`,
    );
  });
}

function isItemAnswer(answer: unknown): answer is ItemAnswer {
  if (answer === 'done' || answer === 'retry' || answer instanceof Error) return true;
  return isHandlerDecision(answer) && (answer.what === 'retry' || answer.what === 'dead');
}

/** What it is, and nothing of what it holds. */
function kindOf(answer: unknown): string {
  if (isHandlerDecision(answer)) return `${answer.what}(...)`;
  return answer === null ? 'null' : typeof answer;
}
