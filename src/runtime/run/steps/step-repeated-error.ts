import { ShiftworkError } from '../../../errors/index.ts';

/** A run has two steps of one name: the second would be given the first one's result. */
export class StepRepeatedError extends ShiftworkError {
  readonly code = 'STEP_REPEATED';

  constructor(contract: string, step: string) {
    super(
      `"${contract}" has two steps named "${step}" in one run. Give each a name of its own; in a loop, one with what it is for in it ` +
        '(`send to ${userId}`).',
    );
  }
}
