import { expect, onTestFinished, test } from 'vitest';
import { openEngine } from '../../../engine/index.ts';
import { claimsOf } from './worker-claims.ts';

test('a suspect that a worker runs alone is the one of its queue: another program gives the same id elsewhere', async () => {
  const engine = openEngine({ url: 'memory://worker-claims', namespace: 'claims', role: 'worker' });
  onTestFinished(() => engine.close());
  for (const name of ['email', 'post']) {
    const turns = await engine.turns(name);
    await turns.add([{ id: '7', name: 'letter', data: '{}', opts: {}, timestamp: 1 }]);
    const take = { tokens: [`of-${name}`], worker: 'host/1', lockMs: 30_000, maxBytes: 1_000 };
    await turns.turn({ id: `take-${name}`, now: engine.clock.now(), ends: [], take });
  }
  const queues = ['email', 'post'];
  expect(await claimsOf(engine, queues, 'host/alone', 'post/7')).toMatchObject([{ queue: 'post', token: 'of-post' }]);
  expect(await claimsOf(engine, queues, 'host/1', undefined)).toHaveLength(2);
});
