import { InvalidOptionsError } from '../errors/index.ts';

/** @throws InvalidOptionsError */
export function requireMilliseconds(values: Readonly<Record<string, number | undefined>>, least: 0 | 1): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || (Number.isFinite(value) && value >= least)) continue;
    throw new InvalidOptionsError(`Expected ${name} to be a number of milliseconds >= ${least}, got ${String(value)}.`);
  }
}
