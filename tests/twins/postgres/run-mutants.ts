import { TURN_FUNCTIONS } from '../../../src/engine/bullmq/postgres/turns/index.ts';
import { isCrowded } from '../history.ts';
import { mutated, MUTANTS } from './mutants.ts';
import type { OpenPair } from './open-pair.ts';
import { runHistory } from './run-history.ts';

/** The names of those that no history told from BullMQ's. */
export async function survivors(
  pair: OpenPair,
  { seeds, steps, only = MUTANTS }: { readonly seeds: number; readonly steps: number; readonly only?: typeof MUTANTS },
): Promise<readonly string[]> {
  const alive: string[] = [];
  for (const mutant of only) {
    await pair.replace(mutated(mutant));
    if (await isCaught(pair, seeds, steps)) continue;
    console.error(`survived: ${mutant.name}`);
    alive.push(mutant.name);
  }
  await pair.replace(TURN_FUNCTIONS);
  return alive;
}

async function isCaught(pair: OpenPair, seeds: number, steps: number): Promise<boolean> {
  for (let seed = 1; seed <= seeds; seed += 1) {
    // A statement that fails where BullMQ's does not is told, too.
    const differs = await runHistory(pair, seed, steps, isCrowded(seed)).catch((error: unknown) => String(error));
    if (differs !== undefined) return true;
  }
  return false;
}
