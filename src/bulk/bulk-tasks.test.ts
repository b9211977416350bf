import { expect, test } from 'vitest';
import { inMemory } from '../../tests/support/memory-case.ts';
import app from '../../tests/support/sample-app.config.ts';
import { openEngine } from '../engine/index.ts';
import { Facts } from '../facts/index.ts';
import { clientOn } from '../queue/index.ts';
import { BulkTasks, type BulkTasksOptions } from './bulk-tasks.ts';

test.each([
  ['reaches its end', { matched: 1, done: ['a'], skipped: [] }],
  ['fails', new Error('no')],
])('a task that somebody stops while it %s stays stopped', async (_how, comes) => {
  const { url, namespace } = await inMemory.open();
  const engine = openEngine({ url, namespace, role: 'producer' });
  const ended = Promise.withResolvers<void>();
  const letters: BulkTasksOptions['letters'] = {
    async replay() {
      const [task] = await tasks.list();
      expect(await tasks.turn(task?.id ?? '', 'stopped')).toBe(true);
      if (comes instanceof Error) throw comes;
      return comes;
    },
    discard: () => expect.fail('nobody asked for it'),
  };
  const client = clientOn(engine, new Facts());
  const tasks: BulkTasks = new BulkTasks({
    engine,
    app,
    letters,
    client,
    onError: () => ended.resolve(),
    everyMs: 60_000,
  });
  await tasks.begin({ what: 'replay', filter: { cause: 'c' }, by: 'ann', reason: undefined, perSecond: 1, total: 1 });
  await tasks.look();
  if (comes instanceof Error) await ended.promise;
  await tasks.close();
  expect(await tasks.list()).toMatchObject([{ state: 'stopped' }]);
  await engine.close();
});
