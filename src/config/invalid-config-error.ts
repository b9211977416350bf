import { ShiftworkError } from '../errors/index.ts';

/** The environment or the command line does not fit. Carries every fault, not the first alone. */
export class InvalidConfigError extends ShiftworkError {
  readonly code = 'INVALID_CONFIG';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      problems.length === 1
        ? `Invalid configuration: ${problems[0]}`
        : `Invalid configuration, ${problems.length} faults:\n${problems.map(p => `  - ${p}`).join('\n')}`,
    );
    this.problems = problems;
  }
}
