import { expect, test } from 'vitest';
import { sampleApp } from '../../tests/support/dashboard.ts';
import { namespace, redisUrl } from '../../tests/support/engines.ts';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { QueueBoard } from './queue-board.ts';

test('queues stand in the order of the app, in whichever they opened', async () => {
  const engine = openEngine({ url: redisUrl(), namespace: namespace(), role: 'producer' });
  const names = [...sampleApp.queues.keys()];
  const opened = new Map(names.map(name => [name, Promise.withResolvers<void>()]));
  // Each waits for the one behind it.
  const backwards: Engine = {
    kind: engine.kind,
    target: engine.target,
    clock: engine.clock,
    secrets: engine.secrets,
    async queue(name) {
      await opened.get(names[names.indexOf(name) + 1] ?? '')?.promise;
      const queue = await engine.queue(name);
      opened.get(name)?.resolve();
      return queue;
    },
    readyQueue: name => engine.readyQueue(name),
    worker: (name, process, setup) => engine.worker(name, process, setup),
    queueNames: () => engine.queueNames(),
    turns: (name, settings) => engine.turns(name, settings),
    ends: () => engine.ends(),
    claims: queue => engine.claims(queue),
    handBack: (queue, held) => engine.handBack(queue, held),
    backing: () => engine.backing(),
    renew: () => engine.renew(),
    check: () => engine.check(),
    migrate: () => engine.migrate(),
    close: ms => engine.close(ms),
  };
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
