import type { AddAnswer, EndKind, KeyEnd, NewJob, StoredKey } from '../../src/engine/turns/index.ts';
import type { Pair } from './run-history.ts';
import { LOCK_MS, PREFIX, QUEUE, type Answer, type Step } from './step.ts';

const NOW = 1_700_000_000_000;
/** As many adds use each place in which the last add is remembered. */
const PLACES = 16;

/** One step on our side alone, and what it is to answer. */
interface Own {
  readonly step: Step;
  readonly answers?: Answer;
}

type Kind = AddAnswer['kind'] | 'own';

const key = (id: string, rest: Partial<StoredKey> = {}): NewJob['opts'] => {
  const deduplication: StoredKey = { id, keep: 'last', for: 0, ...rest };
  return { deduplication };
};
/** `own`: it stands under its own id. */
const add = (id: string, opts: NewJob['opts'], answer: Kind = 'own', rest: Partial<NewJob> = {}): Own => ({
  step: {
    what: 'add',
    jobs: [{ id, name: 'greet', data: '{}', opts: { jobId: id, ...opts }, timestamp: NOW, ...rest }],
  },
  answers: [answer === 'own' ? id : answer],
});
const stands = (own: Own, id: string): Own => ({ ...own, answers: [id] });
const take = (token: string): Own => ({
  step: {
    what: 'turn',
    turn: {
      id: `take ${token}`,
      now: NOW,
      ends: [],
      take: { tokens: [token], worker: 'w', lockMs: LOCK_MS, maxBytes: 1_000 },
    },
  },
});
const end = (jobId: string, token: string, kind: EndKind): Own => ({
  step: { what: 'turn', turn: { id: `end ${token}`, now: NOW, ends: [{ jobId, token, end: kind }], take: undefined } },
  answers: { settled: ['settled'], jobs: [], rest: undefined },
});
const held = (id: string): EndKind => ({
  what: 'dead',
  failure: { message: 'failed', stacktrace: [] },
  attempts: 1,
  keep: { count: -1 },
  key: { kind: 'held', id },
});
const succeeded = (stays: KeyEnd): EndKind => ({ what: 'succeeded', result: '1', keep: { count: 0 }, key: stays });
const inTurns = (priority: number): NewJob['opts'] => ({
  priority,
  groups: ['tenant/a'],
  fair: { limit: 'tenant', weight: 2, expiresMs: 60_000 },
  tiers: { tenant: [1] },
});
const field = (hash: string, name: string, value: string) => ({ hash, name, value });

type Piece = readonly (Own | ReturnType<typeof field> | { readonly forgets: string })[];

/** What BullMQ has nothing like. */
const OWN_PIECES: Readonly<Record<string, Piece>> = {
  'a job that waits for its time takes over another’s data and time': [
    add('one', { ...key('k', { maxWait: 5_000 }), delay: 1_000 }),
    add('two', { ...key('k', { maxWait: 5_000 }), delay: 9_000 }, 'updated'),
  ],
  'a job moves to where the options stand that it takes over': [
    add('one', { ...key('k'), groups: ['tenant/a'] }),
    add('two', { ...key('k'), priority: 2 }, 'updated'),
    add('three', key('k'), 'updated'),
  ],
  'one that runs takes over nothing': [add('one', key('k')), take('1'), add('two', key('k'))],
  'one that was cancelled takes over nothing': [
    add('one', key('k')),
    field('one', 'progress', '{"cancel":{"by":"somebody"}}'),
    add('two', key('k')),
  ],
  'a key is held until a person has decided': [
    add('one', key('k')),
    take('1'),
    end('one', '1', held('k')),
    add('two', key('k'), 'conflict'),
  ],
  'a key stands after its job is gone, with the digest of its data': [
    add('one', key('k', { keep: 'first', data: 'a' })),
    take('1'),
    end('one', '1', succeeded({ kind: 'stands', id: 'k', forMs: 60_000, data: 'a' })),
    stands(add('two', key('k', { keep: 'first', data: 'a' })), 'one'),
    add('three', key('k', { keep: 'first', data: 'b' }), 'conflict'),
  ],
  'a key is found under the secret of before': [
    add('one', key('old')),
    add('two', key('new'), 'updated', { before: { id: 'old' } }),
    stands(add('three', key('newer'), 'own', { before: { id: 'older', jobId: 'one' } }), 'one'),
  ],
  'a job takes the key of the one that it replaces, and of no other': [
    add('one', key('k')),
    add('two', key('k'), 'conflict', { instead: 'another' }),
    add('two', key('k'), 'own', { instead: 'one' }),
  ],
  'jobs of a group stand in its line, which is as urgent as the first of them': [
    add('one', inTurns(2)),
    add('two', inTurns(1)),
  ],
  'a job is handed back with its groups, and is taken where something is paused': [
    add('one', {}),
    take('1'),
    end('one', '1', { what: 'handed-back', opts: { jobId: 'one', groups: ['tenant/a'] } }),
    field('meta', 'groups', '1'),
    take('2'),
  ],
  'what was remembered of the last adds is gone before its time': [
    ...Array.from({ length: PLACES }, (_, nth) => add(`before-${nth}`, {})),
    { forgets: 'sent' },
    ...Array.from({ length: PLACES }, (_, nth) => add(`after-${nth}`, {})),
  ],
};

/** Text that is a branch of another script: there is nothing in these by which they could come to it. */
export const ELSEWHERE: readonly string[] = ['cancelled', 'expired', 'contract-paused', 'no-others'].map(
  branch => `add ${branch}`,
);

/** Runs them on our side. Answers which step answered something else, or undefined. */
export async function runOwnPieces({ ours, ourRedis, takeCounts }: Pair): Promise<string | undefined> {
  const named = (name: string): string => `${PREFIX}:${QUEUE}:${name}`;
  for (const [name, piece] of Object.entries(OWN_PIECES)) {
    await ours.start({ limited: false, metricsKept: 0, losesAnswers: false, eventsKept: undefined });
    for (const [nth, part] of piece.entries()) {
      if ('hash' in part) await ourRedis.hset(named(part.hash), part.name, part.value);
      else if ('forgets' in part) await ourRedis.unlink(await ourRedis.keys(named(`${part.forgets}:*`)));
      else {
        const answered = await ours.apply(part.step);
        await takeCounts();
        const [said, expected] = [answered, part.answers].map(each => JSON.stringify(each));
        if (expected !== undefined && said !== expected) {
          return `${name}, step ${nth + 1}: found ${said}, expected ${expected}`;
        }
      }
    }
  }
  return undefined;
}
