import { BulkTasks } from '../../../src/bulk/index.ts';
import { DeadLetters } from '../../../src/dead-letters/index.ts';
import { openEngine, type Engine } from '../../../src/engine/index.ts';
import { Facts } from '../../../src/facts/index.ts';
import { clientOn } from '../../../src/queue/index.ts';
import app from '../sample-app.config.ts';

/** Carries out what the shared state has as tasks: a dashboard without pages. It is killed in the middle, after so many acts. */
const { ENGINE = '', NAMESPACE = '', ACTS = '' } = process.env;
const opened = openEngine({ url: ENGINE, namespace: NAMESPACE, role: 'producer' });
let left = Number(ACTS);
function acted(): void {
  if ((left -= 1) === 0) process.kill(process.pid, 'SIGKILL');
}

/** Whoever acts on a job that waits asks for its queue each time. */
const engine: Engine = new Proxy(opened, {
  get(target, name) {
    const member: unknown = Reflect.get(target, name, target);
    if (typeof member !== 'function') return member;
    return (...args: readonly unknown[]): unknown => {
      if (name === 'existingQueue') acted();
      return Reflect.apply(member, target, args);
    };
  },
});
const letters = new DeadLetters({ engine: opened, app, bounded: true });
const tasks = new BulkTasks({
  engine,
  app,
  letters: {
    discard: (filter, options) => letters.discard(filter, options),
    replay: (filter, options) =>
      letters.replay(filter, {
        ...options,
        onDone: () => {
          options.onDone?.();
          acted();
        },
      }),
  },
  client: clientOn(opened, new Facts()),
  onError: error => console.error(error),
  everyMs: 20,
  leaseMs: 1_000,
});
tasks.start();
setInterval(() => undefined, 60_000);
console.log('carrying out');
