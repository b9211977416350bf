import { isCrowded } from './history.ts';
import { openPair } from './open-pair.ts';
import { mutated, MUTANTS } from './mutants.ts';
import { runHistory } from './run-history.ts';
import { runSetPieces } from './set-pieces.ts';

/** The names of those that no history told from BullMQ's. `every`: one of so many is tried. */
export async function survivors(
  url: string,
  { seeds, steps, only = MUTANTS }: { readonly seeds: number; readonly steps: number; readonly only?: typeof MUTANTS },
): Promise<readonly string[]> {
  const alive: string[] = [];
  for (const mutant of only) {
    const pair = await openPair(url, mutated(mutant));
    try {
      if (!(await isCaught(pair, seeds, steps))) alive.push(mutant.name);
    } finally {
      await pair.close();
    }
  }
  return alive;
}

async function isCaught(pair: Parameters<typeof runHistory>[0], seeds: number, steps: number): Promise<boolean> {
  // A script that fails where BullMQ's does not is told, too.
  const asText = (error: unknown): string => String(error);
  for (let seed = 1; seed <= seeds; seed += 1) {
    if ((await runHistory(pair, seed, steps, isCrowded(seed)).catch(asText)) !== undefined) return true;
  }
  return (await runSetPieces(pair).catch(asText)) !== undefined;
}
