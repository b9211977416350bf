import { expect, test } from 'vitest';
import { MemoryStateStore } from '../state/index.ts';
import { decide, readDecisions, standingOf, type CauseDecision } from './cause-decisions.ts';

const decision = (says: CauseDecision['says']): CauseDecision => ({ says, by: 'ann', at: 1_000, count: 5 });

test.each([
  ['nobody has said anything', undefined, { count: 5, lastEndedAt: 900 }, 'new', undefined],
  ['it is known', decision('known'), { count: 50, lastEndedAt: 2_000 }, 'known', undefined],
  [
    'it was resolved, and none has died since',
    decision('resolved'),
    { count: 5, lastEndedAt: 1_000 },
    'resolved',
    undefined,
  ],
  [
    'it was resolved, and one has died since',
    decision('resolved'),
    { count: 6, lastEndedAt: 1_001 },
    'new',
    'died again',
  ],
  ['it is ignored, and grows', decision('ignored'), { count: 49, lastEndedAt: 2_000 }, 'ignored', undefined],
  ['it was ignored, and has grown tenfold', decision('ignored'), { count: 50, lastEndedAt: 2_000 }, 'new', 'has grown'],
] as const)('a cause of which %s stands as it should', (_what, said, group, state, again) => {
  expect(standingOf(group, said)).toMatchObject({ state, again });
});

test('what somebody has said is kept, and taken back', async () => {
  const store = new MemoryStateStore(() => 1_000);
  await decide(store, 'abc', decision('known'));
  await store.set('cause-decisions', 'broken', { says: 'nonsense' }, 1_000);
  expect(await readDecisions(store)).toEqual(new Map([['abc', decision('known')]]));
  await decide(store, 'abc', undefined);
  expect(await readDecisions(store)).toEqual(new Map());
});
