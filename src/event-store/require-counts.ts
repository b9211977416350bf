import { InvalidOptionsError } from '../errors/index.ts';

/** Versions, positions and limits of reads and waits: whole numbers from 0; a limit may be Infinity. @throws InvalidOptionsError */
export function requireCounts(options: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (name === 'limit' && value === Infinity) || (Number.isSafeInteger(value) && value >= 0))
      continue;
    throw new InvalidOptionsError(`Expected ${name} of a read to be an integer >= 0, got ${String(value)}.`);
  }
}
