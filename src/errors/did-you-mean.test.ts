import { expect, test } from 'vitest';
import { didYouMean } from './did-you-mean.ts';

test.for([
  ['enqeue', 'enqueue'],
  ['dead-leters', 'dead-letters'],
  ['jbo', 'job'],
  ['retries', 'retry'],
  ['TimeOut', 'timeout'],
] as const)('"%s" is near "%s"', ([word, meant]) => {
  expect(didYouMean(word, ['enqueue', 'dead-letters', 'job', 'retry', 'timeout'])).toBe(` Did you mean "${meant}"?`);
});

test('what is far from everything is near nothing', () => {
  expect(didYouMean('hunter2', ['enqueue', 'job'])).toBe('');
  expect(didYouMean('', ['job'])).toBe('');
});
