import { ShiftworkError } from '../errors/index.ts';
import type { SchemaStanding } from './read-standing.ts';

/** A database's schema is older than this release needs. */
export class SchemaOutdatedError extends ShiftworkError {
  readonly code = 'SCHEMA_OUTDATED';
  readonly standing: SchemaStanding;

  constructor(standing: SchemaStanding) {
    const { part, found, newest, missing } = standing;
    super(
      `Expected the tables of ${part} at migration ${newest}, found ${found === 0 ? 'none' : `migration ${found}`} ` +
        `(missing: ${missing.join(', ')}). Run "shiftwork migrate".`,
    );
    this.standing = standing;
  }
}
