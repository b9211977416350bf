import { describe, expect, test } from 'vitest';
import { InvalidOptionsError } from '../../errors/index.ts';
import { cancel, dead, isHandlerDecision, retryAfter, snooze } from './handler-decision.ts';

/** As JavaScript calls it, where nothing checks the types. */
const untyped = (reason: unknown): string => reason as string;

describe('outcomes', () => {
  test('what the functions make is an outcome; a value of the same shape is none', () => {
    for (const said of [retryAfter('1s', 'busy'), snooze('1m', 'later'), cancel('gone'), dead('never')]) {
      expect(isHandlerDecision(said)).toBe(true);
      expect(isHandlerDecision(JSON.parse(JSON.stringify(said)))).toBe(false);
    }
    expect(isHandlerDecision({ kind: 'decision', what: 'delivered', id: 7 })).toBe(false);
  });

  test('an outcome of another copy of the package is one, unless this copy cannot read it', () => {
    const made = { [Symbol.for('shiftwork.outcome')]: true, kind: 'decision', reason: 'later' };
    expect(isHandlerDecision({ ...made, what: 'cancel' })).toBe(true);
    expect(isHandlerDecision({ ...made, what: 'snooze', forMs: 1_000 })).toBe(true);
    expect(isHandlerDecision({ ...made, what: 'snooze', forMs: Number.NaN })).toBe(false);
    expect(isHandlerDecision({ ...made, what: 'some day' })).toBe(false);
  });

  test('a copy with another reason is an outcome still', () => {
    expect(isHandlerDecision({ ...dead('a'), reason: 'b' })).toBe(true);
  });

  test.each([
    [undefined, 'no reason given'],
    [null, 'no reason given'],
    [7, '7'],
    [new Error('the card expired'), 'Error: the card expired'],
  ])('the reason %s is made a text: what the handler decided counts', (given, reason) => {
    for (const said of [retryAfter('1s', untyped(given)), snooze('1s', untyped(given)), cancel(untyped(given))]) {
      expect(said.reason).toBe(reason);
    }
    expect(dead(untyped(given)).reason).toBe(reason);
  });

  test('a snooze lasts a second at least', () => {
    expect(snooze(0, 'now')).toMatchObject({ forMs: 1_000 });
    expect(snooze('1m', 'later')).toMatchObject({ forMs: 60_000 });
  });

  test('more than a year is refused by name', () => {
    expect(snooze('365d', 'next year')).toMatchObject({ forMs: 31_536_000_000 });
    expect(() => snooze('366d', 'later')).toThrow(InvalidOptionsError);
    expect(() => retryAfter('53w', 'later')).toThrow('retryAfter');
  });
});
