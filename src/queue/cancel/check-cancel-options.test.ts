import { expect, test } from 'vitest';
import { checkCancelOptions } from './check-cancel-options.ts';

test('an option that cancel does not know is refused with the one that was meant', () => {
  const misspelt: object = { raeson: 'moved' };
  expect(() => checkCancelOptions(misspelt)).toThrow('reason');
  expect(checkCancelOptions({ reason: 'moved' })).toEqual({ reason: 'moved', by: 'producer' });
});
