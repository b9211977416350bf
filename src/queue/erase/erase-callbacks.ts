import type { Engine } from '../../engine/index.ts';
import { withoutTagged } from '../batches/call-back.ts';
import type { AddErased } from './erase-jobs.ts';

const A_PAGE = 500;

/** Takes out of batches what they have still to call back, where its job would carry one of the lists of digests. A batch that is finished keeps nothing of it. */
export async function eraseCallbacks(
  engine: Engine,
  digests: readonly (readonly string[])[],
  signal: AbortSignal | undefined,
  add: AddErased,
): Promise<void> {
  const store = await engine.batches();
  for (let from: string | undefined, more = true; more; more = from !== undefined) {
    signal?.throwIfAborted();
    const page = await store.pending({ from, most: A_PAGE });
    for (const id of page.ids) {
      for (;;) {
        const batch = await store.read(id);
        const left = batch && withoutTagged(batch, digests);
        if (batch === undefined || left === undefined || left.erased === 0) break;
        // Else somebody has changed it in between.
        if (!(await store.changeCallbacks(id, batch.callbacks, left.callbacks))) continue;
        add({ callbacks: left.erased });
        break;
      }
    }
    from = page.next;
  }
}
