import { ShiftworkError } from '../../../errors/index.ts';

/** The result of a step cannot be kept. The step is done: the job is dead, since another attempt would do it again. */
export class StepRefusedError extends ShiftworkError {
  readonly code = 'STEP_REFUSED';

  constructor(contract: string, step: string, problem: string) {
    super(
      `Step "${step}" of "${contract}" ${problem}. Mend the handler, then replay the job: its other steps are kept.`,
    );
  }
}
