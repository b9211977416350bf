import { ShiftworkError } from '../../errors/index.ts';

/** What an effect has answered cannot be kept. The effect is done and is not done again: the job is dead, since nobody can give its answer to another run. */
export class EffectRefusedError extends ShiftworkError {
  readonly code = 'EFFECT_REFUSED';

  /** `misfit`: what was wrong with the answer; unknown of one that an earlier release has refused. */
  constructor(scope: string, misfit = 'is something else') {
    super(
      `Expected an effect of "${scope}" to answer what JSON can hold, found an answer that ${misfit}. It is done, and is not done again. ` +
        'Mend the handler; find its answer at the far side, then discard the job.',
    );
  }
}
