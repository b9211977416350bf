import { hasCode, InvalidOptionsError } from '../../errors/index.ts';
import type { AppendOptions } from '../append/appender.ts';
import { requireIdText } from '../schema/id-text.ts';

export interface ExecuteOptions extends AppendOptions {
  /** How often a decision is made again when somebody else was faster; 5 by default. */
  readonly retries?: number;
  /**
   * Names the command: executed again under the same name it changes nothing more, whatever became of the stream. The ids of its
   * events are made from it, and nothing else remembers it: one that was decided to change nothing is decided again.
   */
  readonly commandId?: string;
  /** What the one who commands has seen: another version is a ConcurrencyError, without a retry. */
  readonly expectedVersion?: number;
}

/** The options as they were checked. */
export interface Execution {
  readonly retries: number;
  readonly commandId: string | undefined;
  readonly expectedVersion: number | undefined;
  readonly append: AppendOptions;
}

/** @throws InvalidOptionsError */
export function readExecuteOptions({
  retries = 5,
  commandId,
  expectedVersion,
  ...append
}: ExecuteOptions = {}): Execution {
  if (commandId !== undefined) requireIdText(commandId, 'commandId');
  if (!Number.isSafeInteger(retries) || retries < 0) {
    throw new InvalidOptionsError(`Expected retries to be an integer >= 0, got ${String(retries)}.`);
  }
  if (expectedVersion !== undefined && !(Number.isSafeInteger(expectedVersion) && expectedVersion >= 0)) {
    throw new InvalidOptionsError(
      `Expected expectedVersion of a command to be an integer >= 0, got ${JSON.stringify(expectedVersion)}.`,
    );
  }
  return { retries, commandId, expectedVersion, append };
}

/** Somebody else was faster. Whoever named the version that it has seen decides anew itself. */
export function mayDecideAgain(error: unknown, attempt: number, { expectedVersion, retries }: Execution): boolean {
  return hasCode(error, 'CONCURRENCY_CONFLICT') && expectedVersion === undefined && attempt <= retries;
}
