import type { CauseIndex, Stretches } from '../causes/cause-index.ts';

/** When the letters of these causes ended, in all of these queues together. */
export async function strikesOf(
  index: Pick<CauseIndex, 'strikes'>,
  queues: readonly string[],
  causes: readonly string[],
  times: Stretches,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const found = new Map<string, readonly number[]>();
  const read = await Promise.all(queues.map(queue => index.strikes(queue, causes, times)));
  for (const [cause, counts] of read.flatMap(each => [...each])) {
    const known = found.get(cause);
    found.set(cause, known === undefined ? counts : known.map((count, at) => count + (counts[at] ?? 0)));
  }
  return found;
}
