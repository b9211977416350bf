import { expect, test } from 'vitest';
import type { StoredBatch } from '../../engine/index.ts';
import { isFinished, withoutTagged } from './call-back.ts';

const entry = (tags?: string) => ({
  name: 'tell',
  data: { user: 'ada' },
  options: {},
  ...(tags !== undefined && { tags }),
});
function batch(callbacks: object, called: StoredBatch['called'] = []): StoredBatch {
  const ended = { succeeded: 1, dead: 0, cancelled: 0, expired: 0, discarded: 0, skipped: 0, gone: 0 };
  const stored = JSON.stringify(callbacks);
  return { id: 'batch:1', name: 'b', callbacks: stored, at: 1, open: 0, ended, endedAt: 2, touchedAt: 2, called };
}

test.each([
  ['all that it had was called', { complete: entry() }, ['complete', 'death'], true],
  [
    'it has succeeded, and no death is to be told any more',
    { success: entry(), death: entry() },
    ['success', 'complete'],
    true,
  ],
  [
    'its completion waits for a release that knows the job',
    { success: entry(), complete: entry() },
    ['success'],
    false,
  ],
  ['a member may still be run again and succeed', { success: entry() }, ['complete', 'death'], false],
] as const)('a batch of which %s is finished: %#', (_, callbacks, called, expected) => {
  expect(isFinished(batch(callbacks, called))).toBe(expected);
});

test('what carries all digests of one list goes, what was called stays as over, and the digest of the jobs stays', () => {
  const given = batch({ success: entry('a b'), complete: entry('c'), death: entry('a'), jobs: 'digest' }, ['death']);
  const both = withoutTagged(given, [['a', 'b'], ['z']]);
  expect(both).toEqual({
    erased: 1,
    callbacks: JSON.stringify({ complete: entry('c'), death: entry('a'), jobs: 'digest' }),
  });
  const one = withoutTagged(given, [['a']]);
  expect(one.erased).toBe(2);
  expect(JSON.parse(one.callbacks)).toEqual({
    complete: entry('c'),
    death: { name: 'tell', over: true },
    jobs: 'digest',
  });
  expect(withoutTagged({ ...given, callbacks: one.callbacks }, [['a']]).erased).toBe(0);
});
