import { ShiftworkError } from '../../errors/index.ts';

/** A projection is not known to this database, or not to this app. */
export class ProjectionUnknownError extends ShiftworkError {
  readonly code = 'PROJECTION_UNKNOWN';

  constructor(projection: string, known: readonly string[]) {
    super(
      `Expected a projection that is known (${known.length === 0 ? 'there is none' : known.join(', ')}), ` +
        `got "${projection.slice(0, 100)}".`,
    );
  }
}
