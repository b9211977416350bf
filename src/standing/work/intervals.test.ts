import { expect, test } from 'vitest';
import { CERTAIN_MS } from '../../runtime/supervisor/fleet/gone-hosts.ts';
import { OVERDUE_MS } from '../../schedules/index.ts';
import { LEAST_MS } from '../space/space-watch.ts';
import { FLEET_FRESH_MS, FRESH_MS, LOOK_EVERY_MS, SAME_LOOK_MS } from './intervals.ts';

/** The promise: named on the overview so soon after the first failed attempt, the missed slot, or the lease that was lost. */
const NAMED_WITHIN_MS = 15_000;
/** A look may come right before something could be seen, and the next one may be shown what was read for another page. */
const A_LOOK_MS = LOOK_EVERY_MS + SAME_LOOK_MS;
/** For what the look itself takes, and the way to the browser. */
const SPARE_MS = 1_000;

/** What is added up is the longest that the constants allow, one behind the other. */
test.each([
  ['a destination that is sick, from the attempt that opens its breaker', FLEET_FRESH_MS + A_LOOK_MS],
  ['a contract that throws, and a job that kills its workers, from the dead letter', A_LOOK_MS],
  ['a queue that is late, from when it is', A_LOOK_MS],
  ['a slot that was missed', OVERDUE_MS + A_LOOK_MS],
  // One look finds the host missing; one that is certain finds it still missing.
  ['a host that is lost, from the lease that it lost', FLEET_FRESH_MS + A_LOOK_MS + Math.max(A_LOOK_MS, CERTAIN_MS)],
  ['memory that grows, from the first look that could see it', A_LOOK_MS + Math.max(A_LOOK_MS, LEAST_MS)],
])('%s is named within 15 s by the intervals on its way', (_what, longestMs) => {
  expect(longestMs + SPARE_MS).toBeLessThan(NAMED_WITHIN_MS);
});

test('two looks are further apart than what is certain takes, and than the hosts are kept for those who ask', () => {
  expect(LOOK_EVERY_MS).toBeGreaterThan(CERTAIN_MS);
  expect(LOOK_EVERY_MS).toBeGreaterThan(LEAST_MS);
  expect(LOOK_EVERY_MS).toBeGreaterThan(FLEET_FRESH_MS);
  expect(LOOK_EVERY_MS).toBeGreaterThan(FRESH_MS);
});
