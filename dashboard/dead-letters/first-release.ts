import { findRuns, MINUTE, type JournalStore } from '../../src/journal/index.ts';

const LOOKED_AT = 200;

/**
 * The release in which a cause struck first, by the journal's runs of the minute around it. Undefined where the journal has none of them any more, cannot be
 * read, or no process said what it runs.
 */
export async function firstRelease(
  journal: () => Promise<JournalStore>,
  cause: string,
  firstEndedAt: number | undefined,
): Promise<string | undefined> {
  if (firstEndedAt === undefined) return undefined;
  const around = { since: firstEndedAt - MINUTE, until: firstEndedAt + MINUTE };
  const { runs } = await journal()
    .then(store => findRuns(store, { cause, ...around }, { limit: LOOKED_AT }))
    // The page is about the letters, which are there.
    .catch(() => ({ runs: [] }));
  return runs.at(-1)?.release;
}
