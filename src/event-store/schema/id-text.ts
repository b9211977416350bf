import { InvalidOptionsError, kindOfText } from '../../errors/index.ts';

/** Names and ids end up in log lines, keys and addresses: 1 to 200 characters, none of them a control character. */
export function requireIdText(value: unknown, what: string): string {
  if (
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= 200 &&
    value.isWellFormed() &&
    !/[\p{Cc}\u2028\u2029]/u.test(value)
  ) {
    return value;
  }
  throw new InvalidOptionsError(
    `Expected ${what} to be a text of 1 to 200 characters without control characters, got ${kindOfText(value)}.`,
  );
}
