import { parseArgs } from 'node:util';
import { isCrowded } from './history.ts';

export interface Asked {
  readonly first: number;
  readonly seeds: number;
  readonly steps: number;
  /** Whether every mutant is to be told from BullMQ's own, too. */
  readonly mutants: boolean;
}

/** `-- --seeds 1000 --first 1 --steps 100 --no-mutants` */
export function asked(): Asked {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      first: { type: 'string', default: '1' },
      steps: { type: 'string', default: '100' },
      mutants: { type: 'boolean', default: true },
    },
    allowNegative: true,
  });
  const { seeds, first, steps, mutants } = values;
  return { seeds: Number(seeds), first: Number(first), steps: Number(steps), mutants };
}

/** Runs a history for each seed, until one differs: the process then ends with 1. */
export async function runHistories(
  { first, seeds, steps }: Asked,
  where: string,
  run: (seed: number, steps: number, crowded: boolean) => Promise<string | undefined>,
): Promise<void> {
  const begun = performance.now();
  for (let seed = first; seed < first + seeds; seed += 1) {
    const differs = await run(seed, steps, isCrowded(seed));
    if (differs !== undefined) return complain(differs);
    if (seed % 100 === 0) {
      console.log(`${seed} histories on ${where}, ${Math.round((performance.now() - begun) / 1_000)} s`);
    }
  }
}

export function complain(differs: string): void {
  console.error(differs);
  process.exitCode = 1;
}
