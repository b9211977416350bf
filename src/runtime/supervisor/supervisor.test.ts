import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { openState } from '../../state/index.ts';
import { orderWorkers, resumeWorkers } from './fleet/orders.ts';
import { readFleet } from './fleet/read-fleet.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

/** A process that says what a worker says, runs nothing, and does what it is asked to. */
const STAND_IN = `
if (process.argv.includes('loads')) await new Promise(resolve => process.once('disconnect', resolve));
const say = message => process.send(message);
process.on('message', message => {
  if (message.kind === 'stop' && process.argv.includes('stays')) say({ kind: 'load', megabytes: message.graceMs });
  if (message.kind === 'stop' && !process.argv.includes('stays')) process.exit(0);
  if (message.kind === 'ask' && message.what === 'leave') process.exit(0);
  if (message.kind === 'ask' && message.what === 'die') process.exit(3);
  if (message.kind === 'ask' && message.what === 'grow') say({ kind: 'load', megabytes: 900 });
  if (message.kind === 'quiet') say({ kind: 'load', megabytes: 90, figures: { running: 1, slots: 4, lagMs: 7, quiet: message.on } });
  if (message.kind === 'ask' && message.what === 'wear out') say({ kind: 'recycle', reason: 'its connections are gone' });
});
process.on('disconnect', () => process.exit(0));
if (process.argv.includes('fails')) process.exit(4);
say({ kind: 'ready' });
`;
/** Nobody waits so long for an answer that the stand-in never gives. */
const UNANSWERED_MS = 0;

const task = defineJob({ queue: 'tasks', name: 'task', schema: z.object({}) });
const app = defineApp({ jobs: [task], handlers: [handle(task, () => undefined)] });

describe('the supervisor', () => {
  let folder = '';
  let file = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'supervisor-'));
    file = join(folder, 'stand-in.mjs');
    await writeFile(file, STAND_IN);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function start(options: Partial<SupervisorOptions> = {}, ...args: readonly string[]) {
    const { url, namespace } = await inMemory.open();
    const engine = openEngine({ url, namespace, role: 'worker' });
    cleanups.push(() => engine.close());
    const facts = new Facts();
    const seen: string[] = [];
    facts.on('worker.quieted', ({ fields }) => seen.push(`quiet ${fields.worker} by ${fields.by}`));
    facts.on('worker.resumed', ({ fields }) => seen.push(`resumed ${fields.worker}`));
    facts.on('worker.died', ({ fields }) => seen.push(`died ${fields.worker} ${fields.code}`));
    facts.on('worker.recycled', ({ fields }) => seen.push(`recycled ${fields.worker}: ${fields.reason}`));
    const program = { file, args };
    const store = await openState(engine);
    const settings = { name: 'host', app, engine, store, facts, program, queues: ['tasks'], processes: 2 };
    const supervisor = new Supervisor({ ...settings, ...options });
    cleanups.push(() => supervisor.stop(1_000));
    supervisor.start();
    const names = () => supervisor.workers.map(({ name }) => name);
    const ask = (name: string, what: string) =>
      supervisor.workers.find(worker => worker.name === name)?.ask(what, UNANSWERED_MS);
    const hosts = async () => (await readFleet(engine)).hosts;
    return { supervisor, engine, hosts, seen, names, ask };
  }

  test('a worker that a signal to the whole group ends while it loads has not died: it was to stop, and could not hear it', async () => {
    const { supervisor, seen } = await start({ processes: 1 }, 'loads');
    const [worker] = supervisor.workers;
    const stopping = supervisor.stop(20_000);
    process.kill(worker?.pid ?? -1, 'SIGTERM');
    await stopping;
    expect(await worker?.exited).toEqual({ code: null, signal: 'SIGTERM' });
    expect(seen).toEqual([]);
  });

  test('one that a signal ends while it loads, and nobody wanted to stop, has died', async () => {
    const { supervisor, seen } = await start({ processes: 1 }, 'loads');
    process.kill(supervisor.workers[0]?.pid ?? -1, 'SIGTERM');
    expect(await supervisor.failed).toBe(1);
    expect(seen).toEqual(['died host/1 null']);
  });

  test('starts as many as it should, and says once that all of them work', async () => {
    let said = 0;
    const { supervisor, names, ask } = await start({ processes: 3, onReady: () => (said += 1) });
    expect(names()).toEqual(['host/1', 'host/2', 'host/3']);
    await waitFor('all of them to work', () => supervisor.working === 3);
    expect(said).toBe(1);
    await ask('host/2', 'die');
    await waitFor('its successor to work', () => names().includes('host/4') && supervisor.working === 3);
    expect(said).toBe(1);
  });

  test.each([
    ['with a code', 'die', 3],
    ['with 0, unasked', 'leave', 0],
  ])('replaces one that ends %s', async (_how, what, code) => {
    const { supervisor, seen, names, ask } = await start();
    await waitFor('both to work', () => supervisor.working === 2);
    await ask('host/1', what);
    await waitFor('its successor to work', () => names().includes('host/3') && supervisor.working === 2);
    expect(names()).toEqual(['host/2', 'host/3']);
    expect(seen).toEqual([`died host/1 ${code}`]);
  });

  test('gives up with the code of the first where not one has ever worked', async () => {
    const { supervisor } = await start({ processes: 1 }, 'fails');
    expect(await supervisor.failed).toBe(4);
    expect(supervisor.workers).toEqual([]);
  });

  test.each([
    ['is to be replaced', 'wear out', 'its connections are gone'],
    ['has grown too large', 'grow', '900 MB of memory, 800 are allowed'],
  ])('starts the successor of one that %s, and then stops it; that is no death', async (_why, what, reason) => {
    const { supervisor, seen, names, ask } = await start({ processes: 1, maxMemoryMb: 800 });
    await waitFor('it to work', () => supervisor.working === 1);
    const [worn] = supervisor.workers;
    await ask('host/1', what);
    await waitFor('it to be told to stop', () => worn?.leaving);
    expect(names()).toContain('host/2');
    await worn?.exited;
    await waitFor('its successor to work', () => supervisor.working === 1);
    expect(names()).toEqual(['host/2']);
    expect(seen).toEqual([`recycled host/1: ${reason}`]);
  });

  test('one that may grow as it likes is not replaced', async () => {
    const { supervisor, seen, names, ask } = await start({ processes: 1 });
    await waitFor('it to work', () => supervisor.working === 1);
    await ask('host/1', 'grow');
    // What it says arrives in order: this comes after its size.
    await ask('host/1', 'die');
    await waitFor('its successor', () => names().includes('host/2'));
    expect(seen).toEqual(['died host/1 3']);
  });

  const PUNCTUAL = { presence: { ttlMs: 60_000, everyMs: 10 } };

  test('a host that is told to be quiet keeps its processes quiet, new ones too, until it is resumed; it says how they stand', async () => {
    const { supervisor, engine, hosts, seen, names, ask } = await start({ ...PUNCTUAL, release: '4f2c' });
    await waitFor('both to work', () => supervisor.working === 2);
    await waitFor('its word', async () => (await hosts()).length === 1);
    expect(await orderWorkers(engine, 'host', { what: 'quiet', by: 'ada' })).toBe('given');
    expect(await orderWorkers(engine, 'host', { what: 'quiet', by: 'ben' })).toBe('given already');
    const figures = { running: 1, slots: 4, memoryMb: 90, lagMs: 7, answers: true };
    const host = async () => (await hosts())[0];
    await expect
      .poll(host)
      .toMatchObject({ release: '4f2c', quietBy: 'ada', workers: [1, 2].map(() => ({ ...figures, quiet: true })) });
    await ask('host/1', 'die');
    await waitFor('its successor', () => names().includes('host/3'));
    await expect
      .poll(async () => (await host())?.workers?.map(({ name, quiet }) => `${name} ${quiet}`))
      .toEqual(['host/2 true', 'host/3 true']);
    expect(await resumeWorkers(engine, 'host/2')).toBe('its host is quiet');
    expect(await resumeWorkers(engine, 'host')).toBe('given');
    await expect.poll(async () => (await host())?.workers?.map(({ quiet }) => quiet)).toEqual([false, false]);
    expect(await host()).not.toHaveProperty('quietBy');
    expect(seen.filter(line => !line.startsWith('died'))).toEqual([
      'quiet host/1 by ada',
      'quiet host/2 by ada',
      'resumed host/2',
      'resumed host/3',
    ]);
  });

  test('a process that is told to stop is replaced, a host that is told to asks for its own end, and a stranger is unknown', async () => {
    const asked = Promise.withResolvers<void>();
    const { supervisor, engine, hosts, names } = await start({ ...PUNCTUAL, onStopAsked: () => asked.resolve() });
    await waitFor('both to work', () => supervisor.working === 2);
    await waitFor('its word of both', async () => (await hosts())[0]?.workers?.length === 2);
    expect(await orderWorkers(engine, 'host/2', { what: 'stop', by: 'ada' })).toBe('given');
    await waitFor('its successor', () => names().join(' ') === 'host/1 host/3');
    for (const stranger of ['host/9', 'other', 'other/1'])
      expect(await orderWorkers(engine, stranger, { what: 'stop', by: 'ada' })).toBe('unknown');
    expect(await orderWorkers(engine, 'host', { what: 'stop', by: 'ada' })).toBe('given');
    await asked.promise;
    for (const name of ['host', 'host/1']) expect(await resumeWorkers(engine, name)).toBe('it stops');
    await supervisor.stop(30_000);
    expect(await (await openState(engine)).list('worker-orders')).toEqual([]);
  });

  test('a process that is told to stop has the grace of the host to end what it runs', async () => {
    const { supervisor, engine, hosts } = await start({ ...PUNCTUAL, processes: 1, graceMs: 600_000 }, 'stays');
    await waitFor('it to work', () => supervisor.working === 1);
    await waitFor('its word', async () => (await hosts())[0]?.workers?.length === 1);
    expect(await orderWorkers(engine, 'host/1', { what: 'stop', by: 'ada' })).toBe('given');
    const told = async () => (await hosts())[0]?.workers?.find(({ name }) => name === 'host/1')?.memoryMb;
    // It has said how much memory it takes before.
    await waitFor('it to be told', async () => (await told()) === 600_000);
  });

  test('at its stop they leave, nobody takes their place, and no death is told', async () => {
    const { supervisor, seen } = await start();
    await waitFor('both to work', () => supervisor.working === 2);
    await supervisor.stop(30_000);
    expect(supervisor.workers).toEqual([]);
    expect(seen).toEqual([]);
  });

  test('what does not leave in the time for it is killed', async () => {
    const { supervisor, seen } = await start({ processes: 1 }, 'stays');
    await waitFor('it to work', () => supervisor.working === 1);
    const [worker] = supervisor.workers;
    await supervisor.stop(1_000);
    expect(await worker?.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(seen).toEqual(['died host/1 null']);
  });
});
