import { describe, expect, test } from 'vitest';
import { allCases } from './all-cases.ts';
import { withTrial } from './with-trial.ts';

/** The short form of each: one seed. `npm run test:faults` runs twenty. */
describe.concurrent('faults', () => {
  for (const fault of allCases) {
    for (const kind of fault.engines) {
      test(`case ${fault.number} on ${kind}: ${fault.title}`, { timeout: 900_000 }, async () => {
        expect(await withTrial(kind, { seed: 1, scale: 1 }, trial => fault.run(trial))).toEqual([]);
      });
    }
  }
});
