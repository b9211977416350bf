import { describe, expect, test } from 'vitest';
import { codeOf, hasCode, toError } from './thrown.ts';

function trap(): never {
  throw new Error('trapped');
}
const PROXY: unknown = new Proxy(new Error('x'), { get: trap, has: trap, getPrototypeOf: trap });

describe('toError', () => {
  test('leaves an error as it is', () => {
    const error = new TypeError('a bug');
    expect(toError(error)).toBe(error);
  });

  test.each([
    ['a text', 'out of paper', 'out of paper'],
    ['an object', { status: 404 }, 'What was thrown is no Error: {"status":404}'],
    ['nothing', undefined, 'What was thrown is no Error: undefined'],
    ['an error whose message is no text', Object.assign(new Error(), { message: 42 }), 'It failed without saying why.'],
    ['a proxy whose every question throws', PROXY, 'It failed with something that cannot be looked at.'],
  ])('makes an error of %s', (_what, thrown, message) => {
    expect(toError(thrown).message).toBe(message);
  });

  test('makes an error of an object that points to itself', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(toError(circle).message).toBe('What was thrown is no Error: [object Object]');
  });
});

describe('a code', () => {
  test.each([
    [Object.assign(new Error(), { code: '57P03' }), '57P03'],
    [Object.assign(new Error(), { code: -1 }), undefined],
    [new Error('ECONNREFUSED'), undefined],
    ['ECONNREFUSED', undefined],
    [PROXY, undefined],
  ])('is read without ever throwing', (thrown, code) => {
    expect(codeOf(thrown)).toBe(code);
  });

  test('is what an error of another copy of the package is known by', () => {
    class DeliveryError extends Error {
      readonly code = 'DELIVERY_FAILED';
    }
    expect(hasCode(new DeliveryError('busy'), 'DELIVERY_FAILED')).toBe(true);
    expect(hasCode(new DeliveryError('busy'), 'JOB_DEAD', 'DELIVERY_FAILED')).toBe(true);
    expect(hasCode(new DeliveryError('busy'), 'JOB_DEAD')).toBe(false);
    expect(hasCode({ code: 'DELIVERY_FAILED' }, 'DELIVERY_FAILED')).toBe(false);
    expect(hasCode(PROXY, 'DELIVERY_FAILED')).toBe(false);
  });
});
