import { randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { startTurnWorker } from '../../../tests/support/turn-worker.ts';
import type { GroupLimit, StoredKey } from '../turns/index.ts';
import { changeContract } from '../suites/change.contract-suite.ts';
import { engineContract } from '../suites/engine.contract-suite.ts';
import { groupsContract, type OpenGroupedQueue } from '../suites/groups.contract-suite.ts';
import { fairContract } from '../suites/fair.contract-suite.ts';
import { tiersContract } from '../suites/tiers.contract-suite.ts';
import { strictContract } from '../suites/strict.contract-suite.ts';
import { heldEndsContract } from '../suites/held-ends.contract-suite.ts';
import { keysContract } from '../suites/keys.contract-suite.ts';
import { tagsContract } from '../suites/tags.contract-suite.ts';
import { turnsContract, type OpenTurnQueue } from '../suites/turns.contract-suite.ts';
import { openEngine } from '../index.ts';
import { MemoryEngine, memoryServer, memoryServerWith, VirtualClock } from './index.ts';

const serverName = (): string => `m${randomBytes(6).toString('hex')}`;

engineContract({
  kind: 'memory',
  openFixture: async () => ({ url: `memory://${serverName()}`, namespace: 'test', cleanup: async () => undefined }),
  startServer: async () => {
    const name = serverName();
    const server = memoryServer(name);
    return {
      url: `memory://${name}`,
      kill: async () => server.takeAway(),
      restart: async () => server.bringBack(),
      pause: () => server.freeze(),
      resume: () => server.bringBack(),
      dispose: async () => server.bringBack(),
    };
  },
});

const openTurns = async (name: string): Promise<OpenTurnQueue> => {
  const engine = new MemoryEngine(new URL(`memory://${serverName()}`), { url: '', role: 'worker' });
  return { queue: await engine.turns(name), close: () => engine.close() };
};
turnsContract('memory', openTurns);
keysContract('memory', openTurns);
tagsContract('memory', async name => {
  const engine = new MemoryEngine(new URL(`memory://${serverName()}`), { url: '', role: 'worker' });
  const stored = await engine.queue(name);
  return { queue: await engine.turns(name), remove: id => stored.remove(id), close: () => engine.close() };
});

const openGrouped = async (name: string, limits: readonly GroupLimit[] = []): Promise<OpenGroupedQueue> => {
  const engine = new MemoryEngine(new URL(`memory://${serverName()}`), { url: '', role: 'worker' });
  const stored = await engine.queue(name);
  const queue = await engine.turns(name, { limits });
  return {
    queue,
    stateOf: async id => stored.getJobState(id),
    mark: async (id, progress) => (await stored.getJob(id))?.updateProgress(progress),
    remove: async id => (await stored.getJob(id))?.remove(),
    replay: async id => (await stored.getJob(id))?.retry('failed'),
    handBack: ({ id: jobId, token }) =>
      queue.turn({
        id: `back-${token}`,
        now: Date.now(),
        ends: [{ jobId, token, end: { what: 'handed-back' } }],
        take: undefined,
      }),
    close: () => engine.close(),
  };
};
groupsContract('memory', openGrouped);
heldEndsContract('memory', openGrouped);
strictContract('memory', openGrouped);
tiersContract('memory', openGrouped);
fairContract('memory', openGrouped);
changeContract('memory', openGrouped);

test('on a clock that a test moves a delayed job is due when that clock says so, without any time passing', async () => {
  const name = serverName();
  const clock = new VirtualClock();
  memoryServerWith(name, clock);
  const engine = openEngine({ url: `memory://${name}`, role: 'worker' });
  const queue = await engine.queue('email');
  await queue.add('later', {}, { delay: 86_400_000, timestamp: clock.now() });
  const names: string[] = [];
  await startTurnWorker(engine, 'email', async job => void names.push(job.name));
  await clock.advance(86_399_000);
  expect(names).toEqual([]);
  await clock.advance(2_000);
  await vi.waitFor(() => expect(names).toEqual(['later']));
  await engine.close();
});

test('a job that comes again after it is gone, while its key stands, is said to be deduplicated', async () => {
  const name = serverName();
  const engine = new MemoryEngine(new URL(`memory://${name}`), { url: '', role: 'worker', namespace: 'test' });
  const queue = await engine.turns('email');
  const deduplication: StoredKey = { id: 'key', keep: 'first', for: 0 };
  const job = { id: 'a', name: 'greet', data: '{}', opts: { deduplication }, timestamp: Date.now() };
  await queue.add([job]);
  const take = { tokens: ['token'], worker: 'tester', lockMs: 60_000, maxBytes: 1_000_000 };
  await queue.turn({ id: 'take', now: Date.now(), ends: [], take });
  const key = { kind: 'stands', id: 'key', forMs: 3_600_000, data: undefined } as const;
  const end = { what: 'succeeded', result: 'null', keep: { count: 0 }, key } as const;
  await queue.turn({ id: 'end', now: Date.now(), ends: [{ jobId: 'a', token: 'token', end }], take: undefined });
  expect(await queue.add([job])).toEqual([{ kind: 'stands', id: 'a' }]);
  const said = memoryServer(name).queue('test', 'email').events.after(0);
  expect(said.filter(({ event }) => event === 'deduplicated')).toMatchObject([
    { data: { jobId: 'a', deduplicationId: 'key', deduplicatedJobId: 'a' } },
  ]);
  await engine.close();
});
