import type { Pair } from './run-history.ts';
import { LOCK_MS, PREFIX, QUEUE, type Step } from './step.ts';

/** What was found of one damaged among sound ones. BullMQ's own scripts end with an error here: there is nothing to compare with. */
export interface Damage {
  readonly settled: unknown;
  readonly added: unknown;
  readonly taken: unknown;
}

/** A key of another kind in the place of a job, of a key that was claimed, and of a job that waits. */
export async function damage({ ours, ourRedis }: Pair): Promise<Damage> {
  await ours.start({ limited: false, metricsKept: 0, losesAnswers: false, eventsKept: undefined });
  const now = 1_700_000_000_000;
  const key = (name: string): string => `${PREFIX}:${QUEUE}:${name}`;
  const job = (
    id: string,
    deduplication?: { readonly id: string },
  ): Extract<Step, { what: 'add' }>['jobs'][number] => ({
    id,
    name: 'greet',
    data: '{}',
    opts: deduplication === undefined ? {} : { deduplication },
    timestamp: now,
  });
  const take = (...tokens: string[]): Step => ({
    what: 'turn',
    turn: { id: tokens.join(), now, ends: [], take: { tokens, worker: 'w', lockMs: LOCK_MS, maxBytes: 1_000 } },
  });
  await ours.apply({ what: 'add', jobs: ['a', 'b', 'c'].map(id => job(id)) });
  await ours.apply(take('1', '2', '3'));
  await replace(key('b'));
  const end = { what: 'succeeded', result: '1', keep: { count: -1 } } as const;
  const ends = [...'abc'].map((jobId, index) => ({ jobId, token: String(index + 1), end }));
  const settled = await ours.apply({ what: 'turn', turn: { id: 'ends', now, ends, take: undefined } });
  await replace(key('de:held'));
  const added = await ours.apply({ what: 'add', jobs: [job('d'), job('e', { id: 'held' }), job('f')] });
  await replace(key('d'));
  const taken = await ours.apply(take('4', '5', '6'));
  return { settled, added, taken };

  async function replace(name: string): Promise<void> {
    await ourRedis.del(name);
    await ourRedis.rpush(name, 'of another kind');
  }
}
