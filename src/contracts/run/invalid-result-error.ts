import { ShiftworkError } from '../../errors/index.ts';

/** A handler has returned something that its contract does not promise. What it did is done: the job is dead, for a person to look at. */
export class InvalidResultError extends ShiftworkError {
  readonly code = 'RESULT_INVALID';

  constructor(contract: string, problem: string) {
    super(
      `The result of "${contract}" ${problem}. Its work is done and will not be repeated by itself: mend the handler, then discard the job, ` +
        'or replay it where doing it again does no harm.',
    );
  }
}
