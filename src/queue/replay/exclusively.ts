import type { StateStore } from '../../state/index.ts';

/** While somebody acts on a job that has ended nobody else does, for at most so long. */
export const ACT_MS = 10_000;
const ACTS = 'dead-letter';

/** Acts while nobody else does; `busy` where somebody does. */
export async function exclusively<Answer>(
  state: StateStore,
  jobId: string,
  act: () => Promise<Answer>,
): Promise<Answer | 'busy'> {
  const lease = await state.compareAndSet(ACTS, jobId, 0, {}, ACT_MS);
  if (lease === undefined) return 'busy';
  try {
    return await act();
  } finally {
    await state.delete(ACTS, jobId, lease).catch(() => undefined);
  }
}
