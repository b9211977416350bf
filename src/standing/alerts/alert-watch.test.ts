import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import type { Work } from '../work/work.ts';
import type { AlertMessage } from './alert-message.ts';
import { AlertWatch } from './alert-watch.ts';

const MINUTE = 60_000;
const quiet: Omit<Work, 'now'> = {
  queues: [],
  workers: 1,
  hosts: [],
  gone: [],
  overdue: [],
  paused: [],
  unnamed: [],
  causes: [],
};
const overdue = [{ schedule: 'nightly', slotAt: 0 }];

let engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close(0);
  engines = [];
});

/** Several processes on one engine; what each was to send stands in one list. */
function setup(count: number) {
  const url = `memory://${randomUUID().slice(0, 8)}`;
  const sent: string[] = [];
  const messages: AlertMessage[] = [];
  const world = { work: quiet, now: 1_800_000_000_000, answers: true };
  const processes = Array.from({ length: count }, (_, index) => {
    const engine = openEngine({ url, namespace: 'alerts', role: 'worker' });
    engines.push(engine);
    const facts = new Facts();
    const watch = new AlertWatch({
      engine,
      facts,
      name: `host-${index}`,
      now: () => world.now,
      readWork: async () => ({ ...world.work, now: world.now }),
      send: async message => {
        if (!world.answers) throw new Error('no');
        messages.push(message);
        sent.push(`${index} ${message.event} ${message.kind}`);
      },
    });
    return { watch, facts, engine };
  });
  const look = async (only = processes): Promise<void> => {
    for (const { watch } of only) await watch.look();
  };
  return { processes, world, sent, messages, look };
}

test('of many supervisors and dashboards one tells, once', async () => {
  const { world, sent, look } = setup(5);
  world.work = { ...quiet, overdue };
  for (let round = 0; round < 3; round += 1) await look();
  expect(sent).toEqual(['0 started missed']);
});

test('when the one that judges has left the next one goes on, and tells nothing that was told', async () => {
  const { processes, world, sent, look } = setup(2);
  world.work = { ...quiet, overdue };
  await look();
  await processes[0]?.watch.stop();
  world.work = quiet;
  await look(processes.slice(1));
  world.now += MINUTE;
  await look(processes.slice(1));
  expect(sent).toEqual(['0 started missed', '1 ended missed']);
});

test('what a webhook did not take is sent again until it does', async () => {
  const { processes, world, sent, look } = setup(1);
  const failures: string[] = [];
  processes[0]?.facts.on('alert.failed', ({ fields }) => failures.push(fields.error.message));
  world.work = { ...quiet, overdue };
  world.answers = false;
  await look();
  await look();
  world.answers = true;
  await look();
  await look();
  expect(failures).toEqual(['no', 'no']);
  expect(sent).toEqual(['0 started missed']);
});

test('that the engine is away is told by the one that judged last, from memory; and that it is back', async () => {
  const { processes, world, sent, messages, look } = setup(3);
  await look();
  for (const { facts } of processes) facts.emit('engine.lost', { engine: 'redis', error: new Error('gone') });
  world.now += MINUTE - 1;
  await look();
  expect(sent).toEqual([]);
  world.now += 1;
  await look();
  await look();
  expect(sent).toEqual(['0 started engine away']);
  for (const { facts } of processes) facts.emit('engine.back', { engine: 'redis', awayMs: 1 });
  await look();
  await look();
  expect(sent).toEqual(['0 started engine away', '0 ended engine away']);
  expect(messages[1]?.since).toBe(messages[0]?.since);
});
