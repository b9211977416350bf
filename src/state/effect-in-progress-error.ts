import { ShiftworkError } from '../errors/index.ts';

/** Another process is doing this effect now. The job waits and looks again. */
export class EffectInProgressError extends ShiftworkError {
  readonly code = 'EFFECT_IN_PROGRESS';
  /** Milliseconds until its lease has passed. */
  readonly retryAfterMs: number;

  constructor(scope: string, retryAfterMs: number) {
    super(
      `An effect of "${scope}" is under way in another process. Look again in ${Math.ceil(retryAfterMs / 1_000)} s.`,
    );
    this.retryAfterMs = retryAfterMs;
  }
}
