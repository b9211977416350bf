import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { memoryServer, openEngine, type EndedJob, type Engine, type JobEnds } from '../../engine/index.ts';
import { EndNews } from './end-news.ts';
import { EndWaits } from './end-waits.ts';

const NEVER = new AbortController().signal;
const place = (id: string) => ({ queue: 'email', id });

function setup() {
  const name = randomUUID();
  const engine = openEngine({ url: `memory://${name}`, role: 'producer' });
  onTestFinished(() => engine.close());
  const ended = new Map<string, EndedJob>();
  const reads: (readonly string[])[] = [];
  let tell: ((ids?: readonly string[]) => void) | undefined;
  const server = memoryServer(name);
  const ends: JobEnds = {
    read: async jobs => {
      await engine.queue('email');
      reads.push(jobs.map(({ id }) => id));
      return jobs.map(({ id }) => ended.get(id) ?? { kind: 'open' });
    },
    children: async () => [],
    forget: async () => 0,
    signs: async () => [],
    dueAt: async () => undefined,
    announce: async ids => tell?.(ids),
    listen: async heard => void (tell = heard),
  };
  const own: Pick<Engine, 'ends'> = { ends: async () => ends };
  return { waits: new EndWaits(new EndNews(own)), ended, reads, ends, server };
}

test('those who begin to wait together are looked up together, and each is told of its own job', async () => {
  const { waits, ended, reads, ends } = setup();
  const waiting = ['a', 'b', 'c'].map(id => waits.wait(place(id), NEVER));
  for (const id of ['a', 'b', 'c']) ended.set(id, { kind: 'succeeded', result: `"${id}"` });
  await ends.announce(['a', 'b', 'c', 'of nobody']);
  expect(await Promise.all(waiting)).toEqual(['a', 'b', 'c'].map(id => ({ kind: 'succeeded', result: `"${id}"` })));
  expect(reads[0]).toEqual(['a', 'b', 'c']);
});

test('who was told of nothing finds out all the same, also after the engine was away', async () => {
  const { waits, ended, server } = setup();
  server.takeAway();
  const waiting = waits.wait(place('a'), NEVER);
  ended.set('a', { kind: 'succeeded', result: '1' });
  setImmediate(() => server.bringBack());
  expect(await waiting).toEqual({ kind: 'succeeded', result: '1' });
});

test('jobs of two queues with one id, as other programs have them, are two', async () => {
  const { waits, ends } = setup();
  const read = vi
    .spyOn(ends, 'read')
    .mockImplementation(async jobs => jobs.map(({ queue }) => ({ kind: 'succeeded', result: `"of ${queue}"` })));
  const both = await Promise.all(['email', 'sms'].map(queue => waits.wait({ queue, id: '1' }, NEVER)));
  expect(both).toEqual(['email', 'sms'].map(queue => ({ kind: 'succeeded', result: `"of ${queue}"` })));
  expect(read).toHaveBeenCalledTimes(1);
});
