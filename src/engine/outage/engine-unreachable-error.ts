import { ShiftworkError } from '../../errors/index.ts';

/** The engine could not be reached within the time given, or takes no writes. `target` never carries credentials. */
export class EngineUnreachableError extends ShiftworkError {
  readonly code = 'ENGINE_UNREACHABLE';

  constructor(target: string, reason: string, options?: ErrorOptions) {
    super(
      `The engine at ${target} cannot be reached, or takes no writes: ${reason}. Check that it runs and that the URL is right.`,
      options,
    );
  }
}
