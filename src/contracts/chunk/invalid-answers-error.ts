import { ShiftworkError } from '../../errors/index.ts';

/** The handler of a chunk has not said what became of each item. The chunk is a dead letter: nobody knows which items are done. */
export class InvalidAnswersError extends ShiftworkError {
  readonly code = 'ANSWERS_INVALID';

  constructor(contract: string, problem: string) {
    super(
      `The handler of "${contract}" did not say what became of its items: ${problem}. Correct the handler, then replay the chunk: what is done is done again.`,
    );
  }
}
