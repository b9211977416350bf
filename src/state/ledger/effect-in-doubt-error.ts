import { ShiftworkError } from '../../errors/index.ts';

/** The effect may have happened, and the caller has asked not to do it again in that case. The job is a dead letter for a person. */
export class EffectInDoubtError extends ShiftworkError {
  readonly code = 'EFFECT_IN_DOUBT';

  constructor(scope: string) {
    super(
      `An effect of "${scope}" may have happened: its process ended, or its far side fell silent, before that was known. ` +
        'Find out at the far side; then discard the job, or replay it.',
    );
  }
}
