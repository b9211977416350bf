import { expect, test } from 'vitest';
import { requireKnown } from './require-known.ts';

const KNOWN = new Set(['timeout', 'signal']);

test('what is misspelt is named with what it may have meant; what is no object is named by its kind, never shown', () => {
  expect(() => requireKnown('the options of x', { timeout: 1, signal: undefined }, KNOWN)).not.toThrow();
  expect(() => requireKnown('the options of x', { timout: 1 }, KNOWN)).toThrow(
    'Expected the options of x among timeout, signal, got "timout". Did you mean "timeout"?',
  );
  expect(() => requireKnown('the options of x', 'hunter2', KNOWN)).toThrow(
    'Expected the options of x as { timeout, signal }, got string.',
  );
  expect(() => requireKnown('the options of x', null, KNOWN)).toThrow('got null.');
});
