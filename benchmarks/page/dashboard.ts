import { once } from 'node:events';
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { createDashboard } from '../../dashboard/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { app } from './app.ts';
import { wholeJournal } from './journal.ts';

/** What the dashboard has spent since its start. */
export interface Spent {
  /** Commands or statements that it has sent; what a script does inside counts as one. */
  readonly sent: number;
  readonly memoryMb: number;
  readonly cpuUs: number;
}

/** A dashboard in a process of its own, which counts what it asks its engine. */
const [url = '', namespace = ''] = process.argv.slice(2);
let sent = 0;

const sendCommand = Redis.prototype.sendCommand;
Redis.prototype.sendCommand = function (...given) {
  sent += 1;
  return sendCommand.apply(this, given);
};
const query: unknown = Client.prototype.query;
Object.defineProperty(Client.prototype, 'query', {
  value(this: Client, ...given: unknown[]) {
    sent += 1;
    return typeof query === 'function' ? Reflect.apply(query, this, given) : undefined;
  },
});

const engine = openEngine({ url, namespace, role: 'producer' });
const dashboard = createDashboard({
  app,
  engine,
  production: true,
  authenticate: () => ({ name: 'ada', role: 'admin' }),
  journal: () => wholeJournal(engine),
  onError: error => console.error(error),
});
const server = createServer(dashboard.handler).listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const memoryMb = process.memoryUsage().rss / 1_048_576;
  // Who has asked may be gone by then.
  process.send?.({ sent, memoryMb, cpuUs: user + system } satisfies Spent, undefined, undefined, () => undefined);
});
process.on('disconnect', () => process.exit());
process.send?.(server.address());
