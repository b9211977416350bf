import type { StateStore } from '../../state/index.ts';

/** While somebody acts on a job that has ended nobody else does, for at most so long. */
export const ACT_MS = 10_000;
const ACTS = 'dead-letter';

/** Acts while nobody else does; `busy` where somebody does. `job`: its name, since ids of other programs are unique in their queue alone. */
export async function exclusively<Answer>(
  state: StateStore,
  job: string,
  act: () => Promise<Answer>,
): Promise<Answer | 'busy'> {
  const lease = await state.compareAndSet(ACTS, job, 0, {}, ACT_MS);
  if (lease === undefined) return 'busy';
  try {
    return await act();
  } finally {
    await state.delete(ACTS, job, lease).catch(() => undefined);
  }
}
