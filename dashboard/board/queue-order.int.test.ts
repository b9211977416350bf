import { expect, test } from 'vitest';
import { sampleApp } from '../../tests/support/dashboard.ts';
import { engineWithQueues } from '../../tests/support/engine-with-queues.ts';
import { namespace, redisUrl } from '../../tests/support/engines.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { QueueBoard } from './queue-board.ts';

test('queues stand in the order of the app, in whichever they opened', async () => {
  const engine = openEngine({ url: redisUrl(), namespace: namespace(), role: 'producer' });
  const names = [...sampleApp.queues.keys()];
  const opened = new Map(names.map(name => [name, Promise.withResolvers<void>()]));
  // Each waits for the one behind it.
  const backwards = engineWithQueues(engine, async name => {
    await opened.get(names[names.indexOf(name) + 1] ?? '')?.promise;
    const queue = await engine.queue(name);
    opened.get(name)?.resolve();
    return queue;
  });
  const board = new QueueBoard({
    app: sampleApp,
    engine: backwards,
    basePath: '',
    facts: new Facts(),
    onError: () => undefined,
  });
  await board.open();
  expect([...board.queues.keys()]).toEqual(names);
  board.close();
  await engine.close(500);
});
