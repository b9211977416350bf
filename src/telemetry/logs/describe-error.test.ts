import { describe, expect, test } from 'vitest';
import { describeError } from './describe-error.ts';

describe('describeError', () => {
  test('type, code, message and stack of the error and of its causes', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const described = describeError(new TypeError('no mail left', { cause: refused }));
    expect(described).toMatchObject({
      type: 'TypeError',
      message: 'no mail left',
      stack: expect.stringContaining('describe-error.test.ts'),
      cause: { type: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' },
    });
  });

  test("what a driver hangs on its error (a command's arguments, a row) is left out, also of causes", () => {
    const driver = Object.assign(new Error('OOM'), {
      command: { name: 'hmset', args: ['hunter2'] },
      detail: 'Key (email)=(hunter2)',
    });
    const described = describeError(Object.assign(new Error('away', { cause: driver }), { client: { hunter2: 1 } }));
    expect(JSON.stringify(described)).not.toContain('hunter2');
  });

  test('causes that point at each other end', () => {
    const a = new Error('a');
    a.cause = new Error('b', { cause: a });
    expect(JSON.stringify(describeError(a)).match(/"cause"/g)).toHaveLength(4);
  });

  test('what an AggregateError gathered is shown, not all of thousands', () => {
    const many = new AggregateError(
      Array.from({ length: 5_000 }, () => new Error('refused')),
      '',
    );
    expect(describeError(many).errors).toHaveLength(4);
  });

  test('a huge message is cut to a bound, and says so', () => {
    const { message = '', stack = '' } = describeError(new Error('x'.repeat(1_000_000)));
    expect(message.length).toBeLessThan(2_100);
    expect(stack.length).toBeLessThan(8_100);
    expect(message).toContain('more characters');
  });

  test.for([
    ['null', null, { type: 'null', message: '' }],
    ['a text', 'plain', { type: 'string', message: 'plain' }],
    ['an object, of which nothing is known', { password: 'hunter2' }, { type: 'object', message: '' }],
  ] as const)('%s is described as well', ([, thrown, expected]) => {
    expect(describeError(thrown)).toEqual(expected);
  });

  test('getters that throw harm nobody', () => {
    const hostile = Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('no');
      },
    });
    expect(describeError(hostile)).toMatchObject({ type: 'Error', message: '' });
  });
});
