import { InvalidOptionsError } from '../../errors/index.ts';

/**
 * What the stream must be like for an append to happen: at that very version (0 is the same as 'no-stream'), not begun, begun, or
 * anything.
 */
export type ExpectedVersion = number | 'no-stream' | 'stream-exists' | 'any';

const ANY = -1;
const EXISTS = -2;

/** As the database's function takes it. */
export function encodeExpected(expected: ExpectedVersion, stream: string): number {
  if (expected === 'any') return ANY;
  if (expected === 'stream-exists') return EXISTS;
  if (expected === 'no-stream') return 0;
  if (Number.isSafeInteger(expected) && expected >= 0) return expected;
  throw new InvalidOptionsError(
    `Expected expectedVersion of stream "${stream}" to be an integer >= 0, 'no-stream', 'stream-exists' or 'any', ` +
      `got ${String(expected).slice(0, 100)}.`,
  );
}

export function decodeExpected(encoded: number): ExpectedVersion {
  if (encoded === ANY) return 'any';
  if (encoded === EXISTS) return 'stream-exists';
  return encoded === 0 ? 'no-stream' : encoded;
}
