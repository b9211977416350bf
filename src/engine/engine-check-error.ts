import { ShiftworkError } from '../errors/index.ts';

/** The engine is reachable but must not be used as it is (eviction, version, clock). */
export class EngineCheckError extends ShiftworkError {
  readonly code = 'ENGINE_CHECK_FAILED';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The engine cannot be used as it is: ${problems.join(' ')}`);
    this.problems = problems;
  }
}
