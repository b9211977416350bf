import { storableText } from '../privacy/index.ts';
import { InvalidOptionsError, kindOfText } from '../errors/index.ts';

/** Both parts of a mark stand in one index, whose rows PostgreSQL bounds at 2,704 bytes. */
const LONGEST = 400;

/** What is stored as a text and found by it. @throws InvalidOptionsError */
export function requireText(value: unknown, what: string): void {
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST && storableText(value) === value) return;
  throw new InvalidOptionsError(
    `Expected ${what} to be a text of 1 to ${LONGEST} characters without a NUL character or half of a surrogate pair, got ${kindOfText(value)}.`,
  );
}
