import { ShiftworkError } from '../../errors/index.ts';

/** The database has no tables of the event store, or those of an older release. */
export class EventStoreMissingError extends ShiftworkError {
  readonly code = 'EVENT_STORE_MISSING';

  constructor(schema: string, cause: unknown) {
    super(`Expected the event store's tables in the schema "${schema}", found none that fit. Run shiftwork migrate.`, {
      cause,
    });
  }
}
