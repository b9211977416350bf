import { BulkTasks } from '../../../src/bulk/index.ts';
import { DeadLetters } from '../../../src/dead-letters/index.ts';
import { openEngine } from '../../../src/engine/index.ts';
import { Facts } from '../../../src/facts/index.ts';
import { clientOn } from '../../../src/queue/index.ts';
import app from '../sample-app.config.ts';

/** Carries out what the shared state has as tasks, until it is killed: a dashboard without pages. */
const { ENGINE = '', NAMESPACE = '' } = process.env;
const engine = openEngine({ url: ENGINE, namespace: NAMESPACE, role: 'producer' });
const tasks = new BulkTasks({
  engine,
  app,
  letters: new DeadLetters({ engine, app, bounded: true }),
  client: clientOn(engine, new Facts()),
  onError: error => console.error(error),
  everyMs: 20,
  leaseMs: 1_000,
});
tasks.start();
setInterval(() => undefined, 60_000);
console.log('carrying out');
