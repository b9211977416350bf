import { hasCode, ShiftworkError } from '../../errors/index.ts';

/** Another process is doing this effect now. The job waits and looks again. */
export class EffectInProgressError extends ShiftworkError {
  readonly code = 'EFFECT_IN_PROGRESS';
  /** Milliseconds after which to look again. */
  readonly retryAfterMs: number;

  constructor(scope: string, retryAfterMs: number) {
    super(
      `An effect of "${scope}" is under way in another process. Look again in ${Math.ceil(retryAfterMs / 1_000)} s.`,
    );
    this.retryAfterMs = retryAfterMs;
  }
}

/** Also for an error of another copy of the package, which has a class of its own. */
export function isEffectInProgress(thrown: unknown): thrown is EffectInProgressError {
  return hasCode(thrown, 'EFFECT_IN_PROGRESS') && 'retryAfterMs' in thrown && Number.isFinite(thrown.retryAfterMs);
}
