import { describe, expect, test } from 'vitest';
import type { FaultCase } from './case.ts';
import { withTrial } from './with-trial.ts';

/**
 * The short form of each case: one seed, and where another test has its claim about an engine, not on all of them. `npm test` runs the
 * first of each file, `npm run test:long` each, and `npm run test:faults` twenty seeds.
 */
export function smoke(cases: readonly FaultCase[]): void {
  describe.concurrent('faults', () => {
    for (const fault of cases) {
      for (const kind of fault.smokeOn ?? fault.engines) {
        test(`case ${fault.number} on ${kind}: ${fault.title}`, { timeout: 900_000 }, async () => {
          expect(await withTrial(kind, { seed: 1, scale: 1 }, trial => fault.run(trial))).toEqual([]);
        });
      }
    }
  });
}
