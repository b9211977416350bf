import { isShiftworkError } from '../errors/index.ts';

/**
 * A driver's error as it may be shown: name, message, stack and code. Drivers hang on theirs what was refused (ioredis the command with the
 * job's JSON or a password, pg the row as `detail`), and whoever prints an error prints that. Ours stay as they are. Never throws.
 */
export function bareError(error: Error): Error {
  if (isShiftworkError(error)) return error;
  const [name = 'Error', original = '', stack, code] = (['name', 'message', 'stack', 'code'] as const).map(field =>
    read(error, field),
  );
  const message = withoutValues(original, name, code);
  const bare = new Error(message);
  bare.name = name;
  // The message stands at the head of the stack.
  if (stack !== undefined) bare.stack = message === original ? stack : stack.replaceAll(original, () => message);
  return code === undefined ? bare : Object.assign(bare, { code });
}

/** Three kinds of message repeat what was given: PostgreSQL's of class 22 (no such value), V8's of JSON, Redis' of an unknown command. */
function withoutValues(message: string, name: string, code: string | undefined): string {
  if (name === 'SyntaxError' || (code !== undefined && /^22[0-9A-Z]{3}$/.test(code))) {
    return message.replace(/".*"/s, '"..."');
  }
  return message.replace(/, with args beginning with:.*/s, '');
}

/** Getters on thrown errors may throw in turn. */
function read(error: Error, field: 'name' | 'message' | 'stack' | 'code'): string | undefined {
  try {
    const value: unknown = Reflect.get(error, field);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
