import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { EngineUnreachableError } from '../engine/index.ts';
import { bareError } from './bare-error.ts';

describe("a driver's error as it may be shown", () => {
  test('says what failed and where, and nothing that the driver hung on it', () => {
    const raw = Object.assign(new Error('OOM command not allowed'), {
      name: 'ReplyError',
      code: '23514',
      detail: 'Failing row contains (hunter2)',
      command: { name: 'evalsha', args: ['{"password":"hunter2"}'] },
      cause: new Error('hunter2'),
    });
    const bare = bareError(raw);
    expect(bare).toMatchObject({ name: 'ReplyError', message: raw.message, code: '23514', stack: raw.stack });
    expect(inspect(bare, { depth: 9, showHidden: true })).not.toContain('hunter2');
  });

  test.each([
    ['22P02', 'Error', 'invalid input syntax for type integer: "hunter2"'],
    ['22008', 'Error', 'date/time field value out of range: "hunter2 "or" more"'],
    ['', 'SyntaxError', `Unexpected token 'h', "hunter2" is not valid JSON`],
    ['', 'ReplyError', "ERR unknown command 'evalsha', with args beginning with: 'hunter2' "],
  ])('a value that its message repeats goes, from the stack too: %s %s %s', (code, name, message) => {
    const bare = bareError(Object.assign(new Error(message), { name, code }));
    expect(`${bare.message}${bare.stack}`).not.toContain('hunter2');
    expect(bare.stack).toContain('bare-error.test.ts');
  });

  test('a name that is no value stays', () => {
    const raw = Object.assign(new Error('relation "bullmq.job" does not exist'), { code: '42P01' });
    expect(bareError(raw).message).toBe(raw.message);
  });

  test('ours stays as it is', () => {
    const ours = new EngineUnreachableError('db.example', 'it is away');
    expect(bareError(ours)).toBe(ours);
  });

  test('one that cannot be looked at is answered all the same', () => {
    const awkward = new Error('it failed');
    Object.defineProperty(awkward, 'stack', { get: () => expect.unreachable() });
    expect(bareError(awkward).message).toBe('it failed');
  });
});
