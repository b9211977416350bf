import type { App } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { CauseIndex } from '../causes/cause-index.ts';
import { matches, type DeadLetterFilter } from '../dead-letter-filter.ts';
import { readLetter } from '../read-letter.ts';
import type { Target } from './act-on-jobs.ts';
import { fitsJob } from './fits-job.ts';

/** How many letters may still be looked at: whoever walks counts down. */
export interface Bound {
  left: number;
}

interface TaggedWalk {
  readonly index: CauseIndex;
  readonly queue: string;
  readonly filter: DeadLetterFilter;
}

const WALKED_AT_ONCE = 200;
/** What each further page of the index of tags costs, in letters that are read. */
const PAGE_COSTS = 10;

/** Dead letters by their tags, under each secret: the index of tags has all jobs that carry them, of which some are dead letters. */
export async function* taggedLetters(
  { app, engine }: { readonly app: App; readonly engine: Engine },
  { index, queue, filter }: TaggedWalk,
  bound: Bound,
): AsyncGenerator<Target> {
  const { tags = [], name } = filter;
  const turns = await engine.turns(queue);
  const opened = await engine.queue(queue);
  for (const form of [0, 1].filter(each => each < (tags[0]?.length ?? 0))) {
    const digests = [...new Set(tags.map(of => of[form] ?? ''))];
    for (let before: string | undefined, more = true; more; more = before !== undefined) {
      const page = await turns.tagged({ digests, name, most: WALKED_AT_ONCE, before });
      for (const [id, endedAt] of await index.ends(queue, page.ids)) {
        if (bound.left <= 0) return;
        bound.left -= 1;
        const letter = await readLetter(app, opened, id, endedAt);
        if (letter === undefined || !matches(letter, filter)) continue;
        if (await fitsJob(opened, id, filter)) yield { id, queue, endedAt };
      }
      before = page.next;
      if (before !== undefined) bound.left -= PAGE_COSTS;
      if (bound.left <= 0) return;
    }
  }
}
