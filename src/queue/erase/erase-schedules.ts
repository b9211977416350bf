import type { Engine } from '../../engine/index.ts';
import type { AddErased } from './erase-jobs.ts';

const A_PAGE = 1_000;

/** Removes the schedules made at run time whose jobs would carry one of the lists of digests. Their index is by name and time: all are looked at. */
export async function eraseSchedules(
  engine: Engine,
  digests: readonly (readonly string[])[],
  signal: AbortSignal | undefined,
  add: AddErased,
): Promise<void> {
  // Who erases nothing must not load what reads a cron.
  const { openSchedules } = await import('../../schedules/index.ts');
  const store = openSchedules(engine);
  let after: string | undefined;
  do {
    signal?.throwIfAborted();
    const page = await store.list({ prefix: '', after, limit: A_PAGE });
    for (const { name, schedule } of page.schedules) {
      const tags = new Set(schedule.tags?.split(' '));
      const isTheirs = digests.some(list => list.every(digest => tags.has(digest)));
      if (isTheirs && (await store.remove(name))) add({ schedules: 1 });
    }
    after = page.next;
  } while (after !== undefined);
}
