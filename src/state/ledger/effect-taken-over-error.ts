import { ShiftworkError } from '../../errors/index.ts';

/** This process was silent for longer than its lease: another has done the effect since, and its record stands. */
export class EffectTakenOverError extends ShiftworkError {
  readonly code = 'EFFECT_TAKEN_OVER';

  constructor(scope: string) {
    super(
      `An effect of "${scope}" took longer than its lease could be renewed, and another process has taken it over. ` +
        'It may have happened twice: give the far side an idempotency key (run.effectId) too.',
    );
  }
}
