/** An error as a log line shows it. */
export interface DescribedError {
  /** The error's name, such as `DeliveryError`. */
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
  /** What an AggregateError gathered. */
  readonly errors?: readonly DescribedError[];
}

const MESSAGE_LIMIT = 2_000;
const STACK_LIMIT = 8_000;
const CAUSES_LIMIT = 4;
const ERRORS_LIMIT = 4;

/**
 * Takes from an error what helps and nothing else. pino's own serializers copy every property, and drivers hang the refused
 * command on theirs: ioredis its arguments (a job's data, a password), pg the values of the row.
 */
export function describeError(thrown: unknown): DescribedError {
  return describe(thrown, CAUSES_LIMIT);
}

function describe(thrown: unknown, deeper: number): DescribedError {
  if (!(thrown instanceof Error)) return { type: thrown === null ? 'null' : typeof thrown, message: shown(thrown) };
  const code = read(thrown, 'code');
  const stack = read(thrown, 'stack');
  const cause = deeper > 0 ? read(thrown, 'cause') : undefined;
  const errors = deeper > 0 ? read(thrown, 'errors') : undefined;
  return {
    type: shown(read(thrown, 'name')) || 'Error',
    ...((typeof code === 'string' || typeof code === 'number') && { code: String(code).slice(0, 100) }),
    message: shown(read(thrown, 'message')),
    ...(typeof stack === 'string' && { stack: cut(stack, STACK_LIMIT) }),
    ...(cause !== undefined && cause !== null && { cause: describe(cause, deeper - 1) }),
    ...(Array.isArray(errors) && {
      errors: errors.slice(0, ERRORS_LIMIT).map((each: unknown) => describe(each, deeper - 1)),
    }),
  };
}

/** Getters on thrown errors may throw in turn. */
function read(error: Error, field: string): unknown {
  try {
    return Reflect.get(error, field);
  } catch {
    return undefined;
  }
}

/** A thrown object may hold anything, so only what is plain text already is shown. */
function shown(value: unknown): string {
  return typeof value === 'string' ? cut(value, MESSAGE_LIMIT) : '';
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}... (${text.length - limit} more characters)`;
}
