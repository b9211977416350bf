import { createScrubber } from '../contracts/index.ts';
import { ShiftworkError } from '../errors/index.ts';
import type { RunContext } from './run-context.ts';

const MESSAGE_LIMIT = 2_000;
const STACK_LIMIT = 8_000;
const CAUSES_LIMIT = 4;

/**
 * An error as it may be stored and shown: sensitive values removed, sizes bounded, causes folded into the stack, and the
 * code in front of the message so that lists can be grouped by it.
 */
export class StoredError extends Error {
  readonly code: string | undefined;

  constructor(error: Error, scrub: (text: string) => string) {
    const code = codeOf(error);
    const plain = read(error, 'message');
    const message = code === undefined || plain.startsWith(code) ? plain : `${code}: ${plain}`;
    super(cut(scrub(message), MESSAGE_LIMIT));
    this.name = read(error, 'name').slice(0, 100) || 'Error';
    this.code = code;
    this.stack = cut(scrub(stackOf(error)), STACK_LIMIT);
  }
}

/** For the engine and for listeners: nothing sensitive, nothing huge. */
export function storedError({ assignment, job }: RunContext, error: Error): StoredError {
  // Data of an unknown job cannot be told apart, and no handler of ours has seen it.
  return new StoredError(
    error,
    assignment === undefined ? text => text : createScrubber(assignment.contract, job.data),
  );
}

function codeOf(error: Error): string | undefined {
  if (error instanceof ShiftworkError) return error.code;
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
}

function stackOf(error: Error): string {
  const lines: string[] = [read(error, 'stack') || `${read(error, 'name')}: ${read(error, 'message')}`];
  let cause: unknown = error.cause;
  for (let depth = 0; cause !== undefined && cause !== null && depth < CAUSES_LIMIT; depth += 1) {
    lines.push(`caused by ${cause instanceof Error ? read(cause, 'stack') || read(cause, 'message') : typeof cause}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines.join('\n');
}

/** Getters on thrown errors may throw in turn. */
function read(error: Error, field: 'message' | 'name' | 'stack'): string {
  try {
    const value: unknown = error[field];
    // Cut before scrubbing: a message of megabytes must not cost seconds.
    return typeof value === 'string' ? value.slice(0, 64_000) : '';
  } catch {
    return '';
  }
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}... (${text.length - limit} more characters)`;
}
