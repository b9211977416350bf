import type { CauseCounter, CauseStanding } from './cause-counter.ts';

const EVERY_MS = 5_000;
/** Parts of the walk in one turn, where index and failed set are known to differ. */
const STEPS = 5;
/** How long a comparison stands that found nothing to mend. */
const FRESH_MS = 60_000;

export interface CauseSweepOptions {
  readonly open: () => Promise<CauseCounter>;
  readonly queues: () => Promise<Iterable<string>>;
  readonly everyMs?: number;
}

/**
 * Compares the index of causes with the queues, a bounded part at a time, for as long as the process lives. Every host does; they share
 * one walk, and two at once do the same. Answers what stops it.
 */
export function sweepCauses({ open, queues, everyMs = EVERY_MS }: CauseSweepOptions): () => void {
  let opened: CauseCounter | undefined;
  let sweeping = false;
  const sweep = async (): Promise<void> => {
    opened ??= await open();
    // Of all queues at once: mostly there is nothing to do, and that costs one trip.
    for (const standing of await opened.standings([...(await queues())])) await sweepOne(opened, standing);
  };
  const timer = setInterval(() => {
    if (sweeping) return;
    sweeping = true;
    // An engine that is away now is asked again the next time.
    void sweep()
      .catch(() => undefined)
      .finally(() => (sweeping = false));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

async function sweepOne(counter: CauseCounter, found: CauseStanding): Promise<void> {
  const { queue } = found;
  let standing = found;
  for (let step = 0; step < STEPS; step += 1) {
    const { kept, counted, comparedAt = 0 } = standing;
    if (kept === counted && (step > 0 || counter.now() - comparedAt < FRESH_MS)) return;
    await counter.step(queue);
    if (step < STEPS - 1) standing = await counter.standing(queue);
  }
}
