import { readFrames } from '../record/frame.ts';
import { RUN_CLASSES, type RunClass, type RunRecord } from '../record/run-record.ts';
import { termOf, termText } from '../record/terms.ts';
import type { JournalStore } from '../stores/journal-store.ts';

/** Chunks that one trip reads and writes. */
const A_TRIP = 16;
/** A chunk that is still written to may change between the two. */
const TRIES = 20;

/**
 * Takes the lines of runs out of the journal that carry all digests of one of the lists. `erased` is called with the runs of each chunk, once they are
 * gone. Their counts stay: they name nobody.
 */
export async function eraseRuns(
  store: JournalStore,
  lists: readonly (readonly string[])[],
  erased: (runs: readonly RunRecord[]) => Promise<void>,
): Promise<void> {
  for (const of of RUN_CLASSES) {
    for (const digests of lists) {
      const terms = digests.map(digest => termOf(termText.tag(digest)));
      let to = Number.MAX_SAFE_INTEGER / 2_000;
      for (;;) {
        const ids = await store.holding(of, terms, { from: 0, to }, A_TRIP);
        for (const id of ids) {
          const runs = await eraseIn(store, of, id, digests);
          if (runs.length > 0) await erased(runs);
        }
        const oldest = ids.at(-1);
        if (oldest === undefined || ids.length < A_TRIP) break;
        // Ids of one store have fractions of a millisecond.
        to = oldest - 0.0005;
      }
    }
  }
}

async function eraseIn(
  store: JournalStore,
  of: RunClass,
  id: number,
  digests: readonly string[],
): Promise<readonly RunRecord[]> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const [chunk] = await store.read(of, [id]);
    if (chunk === undefined) return [];
    const mayMatch = (line: string): boolean => digests.every(digest => line.includes(digest));
    const found = readFrames(chunk.text, { holds: digests[0], mayMatch }).filter(({ run }) =>
      digests.every(digest => run.tags.some(tag => tag.digest === digest)),
    );
    if (found.length === 0) return [];
    const text = found.reduce((left, { line }) => blanked(left, line), chunk.text);
    if (await store.rewrite(of, chunk, text)) return found.map(({ run }) => run);
  }
  throw new Error('A chunk of the journal changed at each try.');
}

/** Spaces in the place of the line that begins there: those behind keep their places, by which pages go on. */
function blanked(text: string, from: number): string {
  const end = text.indexOf('\n', from);
  const to = end === -1 ? text.length : end;
  return text.slice(0, from) + ' '.repeat(to - from) + text.slice(to);
}
