import { EventIdTakenError } from './append/event-id-taken-error.ts';
import { EventStoreMissingError } from './schema/event-store-missing-error.ts';
import { codeOf, InvalidOptionsError } from '../errors/index.ts';

/** No such table, schema, function, column. */
const MISSING: ReadonlySet<string> = new Set(['42P01', '3F000', '42883', '42703']);

/** The database's own codes in this project's words; anything else as it came. */
export function explained(cause: unknown, schema: string): unknown {
  const code = codeOf(cause);
  if (code === undefined) return cause;
  if (MISSING.has(code)) return new EventStoreMissingError(schema, cause);
  // Two appends to different streams with one id, at the same moment: the index decides.
  if (code === 'SWE01' || code === '23505') {
    const detail = cause instanceof Error && 'detail' in cause ? cause.detail : undefined;
    return new EventIdTakenError(
      typeof detail === 'string' ? (/^Key \(id\)=\((.*)\) already/.exec(detail)?.[1] ?? detail) : '',
    );
  }
  if (code === 'SWE02') {
    return new InvalidOptionsError(
      'Expected an append inside a read committed transaction, found another isolation level: a frozen snapshot cannot ' +
        'see which version a stream has now. Begin the transaction with "begin isolation level read committed".',
    );
  }
  if (code === '25006') {
    return new InvalidOptionsError(
      'Expected an append to a database that can be written, found a read-only transaction. Use the primary, and a transaction ' +
        'that is not "read only".',
      { cause },
    );
  }
  return cause;
}
