import { ShiftworkError } from '../../errors/index.ts';

/** A stream is at another version than the append expects: somebody else was faster. Nothing was written. */
export class ConcurrencyError extends ShiftworkError {
  readonly code = 'CONCURRENCY_CONFLICT';
  readonly stream: string;
  /** A version, or 'no-stream', 'stream-exists'. */
  readonly expectedVersion: number | 'no-stream' | 'stream-exists' | 'any';
  /** 0 when the stream has no event. */
  readonly actualVersion: number;

  constructor(stream: string, expectedVersion: ConcurrencyError['expectedVersion'], actualVersion: number) {
    super(
      `Expected stream "${stream}" at version ${expectedVersion}, found it at ${actualVersion}. ` +
        'Nothing was written: read the stream again, decide again, and append to that version.',
    );
    this.stream = stream;
    this.expectedVersion = expectedVersion;
    this.actualVersion = actualVersion;
  }
}
