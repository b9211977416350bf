import { ShiftworkError } from '../../errors/index.ts';

/** A projection did not reach a position within the time that was given to it. */
export class ProjectionBehindError extends ShiftworkError {
  readonly code = 'PROJECTION_BEHIND';
  readonly projection: string;

  constructor(projection: string, position: number, reached: number, waitedMs: number) {
    super(
      `Expected the projection "${projection}" at position ${position} within ${waitedMs} ms, found it at ${reached}. ` +
        'Ask again later, and look whether it runs.',
    );
    this.projection = projection;
  }
}
