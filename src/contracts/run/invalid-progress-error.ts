import { ShiftworkError } from '../../errors/index.ts';

/** A handler has said something of its progress that cannot be kept. */
export class InvalidProgressError extends ShiftworkError {
  readonly code = 'PROGRESS_INVALID';

  constructor(contract: string, problem: string) {
    super(
      `The progress of "${contract}" ${problem}. Give run.progress(...) what the contract's progress schema takes.`,
    );
  }
}
