import { ShiftworkError } from '../../errors/index.ts';

/** A rebuild met an event that keeps failing, and the projection's policy is to stop. The live one stays as it was. */
export class ProjectionFailedError extends ShiftworkError {
  readonly code = 'PROJECTION_FAILED';
  readonly projection: string;
  readonly position: number;

  constructor(projection: string, position: number, cause: Error) {
    super(
      `The rebuild of "${projection}" fails on the event at position ${position}: ${cause.message.slice(0, 300)}. ` +
        'The live one stays as it was: mend the handler and rebuild again; it goes on from there.',
      { cause },
    );
    this.projection = projection;
    this.position = position;
  }
}
