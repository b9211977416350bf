import type { DeadItem, ItemAnswer } from '../../../contracts/index.ts';
import type { Outcome } from '../outcome.ts';

/**
 * What a handler's answers for the items of a chunk come to: one end for all of them where they are the same, else the chunk is divided.
 * `thrown`: what it would come to where that was thrown.
 */
export function classifyAnswers(answers: readonly ItemAnswer[], thrown: (error: unknown) => Outcome): Outcome {
  const again: number[] = [];
  const dead: DeadItem[] = [];
  let afterMs = 0;
  let why: Error | undefined;
  for (const [item, answer] of answers.entries()) {
    if (answer === 'done') continue;
    const outcome = outcomeOf(answer, thrown);
    if (outcome.kind === 'dead') {
      dead.push({ item, reason: outcome.reason, error: outcome.error });
      continue;
    }
    again.push(item);
    // They travel together: none comes earlier than was asked for it.
    afterMs = Math.max(afterMs, outcome.afterMs);
    why ??= outcome.error;
  }
  const done = answers.length - again.length - dead.length;
  if (done === answers.length) return { kind: 'succeeded', result: undefined };
  if (why !== undefined && again.length === answers.length) return { kind: 'retry', afterMs, error: why };
  const [only] = dead;
  // One that travelled alone is its own letter.
  if (only !== undefined && answers.length === 1) return { kind: 'dead', reason: only.reason, error: only.error };
  return { kind: 'divided', done, retry: why && { items: again, afterMs, error: why }, dead };
}

type ItemOutcome = Extract<Outcome, { readonly kind: 'retry' | 'dead' }>;

/** An item means by its answer what a job means by what it throws. It can neither be put off without an attempt nor be cancelled. */
function outcomeOf(answer: Exclude<ItemAnswer, 'done'>, thrown: (error: unknown) => Outcome): ItemOutcome {
  const outcome = thrown(answer === 'retry' ? new Error('The handler asked for another attempt.') : answer);
  if (outcome.kind === 'retry' || outcome.kind === 'dead') return outcome;
  const error = answer instanceof Error ? answer : new Error(`The item came to ${outcome.kind}.`);
  if (outcome.kind === 'cancelled') return { kind: 'dead', reason: 'said-by-handler', error };
  const plain = thrown(new Error(error.message));
  return plain.kind === 'retry' || plain.kind === 'dead' ? plain : { kind: 'dead', reason: 'permanent', error };
}
