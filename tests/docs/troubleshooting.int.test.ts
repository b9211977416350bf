import { hostname } from 'node:os';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { keepJournal, type KeptJournal } from '../../src/boot/journal/index.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { defineJob } from '../../src/contracts/index.ts';
import { BlameBook } from '../../src/dead-letters/index.ts';
import { connect } from '../../src/queue/index.ts';
import { Rescue } from '../../src/runtime/supervisor/deaths/rescue.ts';
import { openState } from '../../src/state/index.ts';
import { createLogger, logFacts } from '../../src/telemetry/index.ts';
import { ROOT } from '../architecture/source-texts.ts';
import app, { brief, endAll, mail, slow } from '../support/apps/symptoms.config.ts';
import { engineCases, type EngineFixture } from '../support/engines.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis-server.ts';
import { runApp, type RunningApp } from '../support/running-app.ts';
import { waitFor } from '../support/wait-for.ts';

const APP = fileURLToPath(new URL('../support/apps/symptoms.config.ts', import.meta.url));
const LATE = '1h';
/** Symptoms by the commands that the guide names for each. */
const ROWS = new Map(
  readFileSync(join(ROOT, 'docs/guides/troubleshooting.md'), 'utf8')
    .split('\n')
    .filter(line => /^\| .*`/.test(line))
    .map(line => line.split('|').map(cell => cell.trim()))
    .map(([, symptom = '', commands = '']) => [
      symptom,
      [...commands.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text),
    ]),
);

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command in this process; those that take no app are called without one. */
async function call(line: string, variables: Readonly<Record<string, string>>): Promise<Answer> {
  const lines: Record<'out' | 'err', string[]> = { out: [], err: [] };
  const args = line.replace('npx shiftwork ', '').split(' ');
  const takesApp = !['job', 'cancel'].includes(args[0] ?? '') && !args.includes('--app');
  const code = await runCli(takesApp ? [...args, '--app', APP] : args, {
    variables,
    print: text => void lines.out.push(text),
    complain: text => void lines.err.push(text),
    readInput: () => Promise.resolve(''),
    readSecret: () => Promise.resolve(''),
  });
  return { code, out: lines.out.join('\n'), err: lines.err.join('\n') };
}

/** For a test of one row of the guide's table: takes the commands that the row names, with more words behind them. Each has to be called. */
function askOf(symptom: string): (line: string) => string {
  const heads = (ROWS.get(symptom) ?? []).map(command => command.split(/ (?:ID|--)/)[0] ?? '');
  const left = new Set(heads);
  onTestFinished(() => {
    if (left.size > 0)
      throw new Error(`Expected to call what the guide names for "${symptom}": ${[...left].join(', ')}.`);
  });
  return line => {
    const head = heads.find(each => line.startsWith(each));
    if (head === undefined) throw new Error(`Expected what the guide names for "${symptom}", got "${line}".`);
    left.delete(head);
    return line;
  };
}

describe.each(engineCases)('each symptom is found by its command on $kind', ({ kind, open }) => {
  const url = kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL';
  let fixture: EngineFixture;
  let running: RunningApp;
  let journal: KeptJournal;
  let variables: Record<string, string>;
  const log: string[] = [];
  const cli = (line: string): Promise<Answer> => call(line, variables);
  let users = 0;
  const user = (): string => `u${(users += 1)}`;

  beforeAll(async () => {
    fixture = await open();
    variables = { [url]: fixture.url, SHIFTWORK_NAMESPACE: fixture.namespace };
    const migrated = await cli('npx shiftwork migrate');
    if (migrated.code !== 0) throw new Error(`shiftwork migrate ended with ${migrated.code}: ${migrated.err}`);
    running = await runApp({ open: () => Promise.resolve(fixture) }, app);
    const { engine, facts, host } = running;
    const kept = keepJournal({ engine, facts, variables, worker: host.name, host: hostname() });
    if (kept === undefined) throw new Error('Expected a journal.');
    journal = kept;
    const stream = { write: (text: string) => void log.push(text) };
    logFacts(facts, createLogger({ name: 'worker', variables: { LOG_LEVEL: 'debug' }, stream }), { success: true });
  });
  afterEach(async () => {
    endAll();
    // Where a test failed before it has done so.
    for (const of of [{ queue: 'mail' }, { contract: mail }]) await running.client.resume(of, { by: 'eve' });
  });
  afterAll(async () => {
    await journal.close();
    await running.stop();
  });

  /** Waits until the log says so of the job: others of this queue may run at the same time. */
  async function said(fact: string, id: string, times = 1): Promise<void> {
    const lines = (): readonly string[] => log.filter(line => line.includes(id) && line.includes(`"fact":"${fact}"`));
    await waitFor(`${fact} of ${id}`, () => lines().length >= times);
  }

  /** The id of a job that has come so far. */
  async function come(fact: 'job.started' | 'job.dead', does: 'fail' | 'hang'): Promise<string> {
    const { id } = await running.client.enqueue(mail, { user: user(), does });
    await said(fact, id);
    return id;
  }

  /** A job that has come and gone, and stands in the journal. */
  async function briefly(): Promise<string> {
    const { id } = await running.client.enqueue(brief, {});
    await said('job.succeeded', id);
    await journal.flush(5_000);
    return id;
  }

  test('I want to see what happens', async () => {
    const ask = askOf('I want to see what happens');
    await briefly();
    const seen = await cli(ask('npx shiftwork tail --contract brief --outcome succeeded --since 1h --count 1'));
    expect(seen.out).toMatch(/succeeded +brief +mail-\S+ +attempt 1/);
  });

  test('a customer asks for their job', async () => {
    const ask = askOf('a customer asks for their job');
    const { id } = await running.client.enqueue(mail, { user: 'ada', does: 'end' }, { delay: LATE });
    const found = await cli(ask('npx shiftwork find --tag user=ada'));
    expect(found.out).toMatch(new RegExp(`${id} +mail +delayed \\(time\\)`));
    expect(found.out).not.toContain('ada');
  });

  test('my job does not start', async () => {
    const ask = askOf('my job does not start');
    const { client } = running;
    const later = await client.enqueue(mail, { user: user(), does: 'end' }, { delay: LATE });
    expect((await cli(ask(`npx shiftwork job ${later.id}`))).out).toMatch(
      /mail in mail: delayed\n[^]*waits for +its time, 20/,
    );
    await client.cancel(later.id, { reason: 'sold out' });
    const over = await waitFor('the end', async () => {
      const { out } = await cli(`npx shiftwork job ${later.id}`);
      return out.includes(': cancelled') && out;
    });
    expect(over).toMatch(/attempts +0 of[^]*ended with.*sold out/);
    const other = connect({ [kind]: fixture.url, namespace: fixture.namespace });
    onTestFinished(() => other.close());
    const alone = await other.enqueue(ofNobody, {});
    expect((await cli(`npx shiftwork job ${alone.id}`)).out).toMatch(/: waiting\n/);
    await client.pause({ contract: mail }, { by: 'eve', reason: 'the shop moves' });
    const paused = await client.enqueue(mail, { user: user(), does: 'end' });
    expect((await cli(ask(`npx shiftwork job ${paused.id}`))).out).toMatch(
      /: waiting\n[^]*waits for +the end of a pause of.*mail.*eve.*the shop moves/,
    );
    expect((await cli(ask('npx shiftwork stats'))).out).toMatch(/mail +1 /);
    await client.resume({ contract: mail }, { by: 'eve' });
    const unknown = await cli('npx shiftwork job mail-0mabcdefgh0000abcdef-0123456789');
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('is known') });
  });

  test('my job is gone', async () => {
    const ask = askOf('my job is gone');
    const id = await briefly();
    expect(await cli(ask(`npx shiftwork job ${id}`))).toMatchObject({
      code: 1,
      err: expect.stringContaining('past its retention'),
    });
    expect((await cli(ask(`npx shiftwork find ${id}`))).out).toMatch(new RegExp(`${id} +brief +succeeded +1 `));
  });

  test('it ran twice', async () => {
    const ask = askOf('it ran twice');
    const { engine, facts, host } = running;
    const id = await come('job.started', 'hang');
    const store = await openState(engine);
    // As its supervisor does for a process that was lost.
    const rescue = new Rescue({ engine, store, blame: new BlameBook(store), facts, name: 'host', queues: ['mail'] });
    await rescue.run('worker-died', worker => worker === host.name);
    endAll();
    const [, sought = ''] = ask(`grep ${id}`).split(' ');
    await said('job.started', sought, 2);
    expect(log.filter(line => line.includes(sought)).join('')).toMatch(/"fact":"job.rescued".*"cause":"worker-died"/);
  });

  test('it is stuck', async () => {
    const ask = askOf('it is stuck');
    const id = await come('job.started', 'hang');
    expect((await cli(ask(`npx shiftwork job ${id}`))).out).toMatch(/mail in mail: running\n[^]*started +20/);
    endAll();
    const late = await running.client.enqueue(slow, {});
    await said('job.dead', late.id);
    expect((await cli(`npx shiftwork job ${late.id}`)).out).toMatch(/slow in mail: dead\n[^]*error 1 .*timeout/);
  });

  test('it fails again and again', async () => {
    const ask = askOf('it fails again and again');
    const id = await come('job.dead', 'fail');
    const groups = await waitFor('the cause to be counted', async () => {
      const { out } = await cli(ask('npx shiftwork dead-letters groups'));
      return out.includes('no mailbox for user') && out;
    });
    expect(groups).toMatch(/mail/);
    const shown = await cli(`npx shiftwork dead-letters show ${id}`);
    expect(JSON.parse(shown.out)).toMatchObject({ attemptsMade: 2 });
  });

  test('the worker does not start', async () => {
    const ask = askOf('the worker does not start');
    const config = fileURLToPath(new URL('../support/apps/letters.config.ts', import.meta.url));
    const found = await cli(`${ask('npx shiftwork check')} --app ${config}`);
    expect(found.code).toBe(1);
    expect(found.out).toMatch(/error +.*POSTMAN/);
    const handlerless = await cli(
      `npx shiftwork check --app ${fileURLToPath(new URL('../support/sample-app.config.ts', import.meta.url))}`,
    );
    expect(handlerless.out).toMatch(/error +.*handler.*letter/);
  });

  test('enqueue rejects', async () => {
    const ask = askOf('enqueue rejects');
    const { protocol, pathname } = new URL(fixture.url);
    const nowhere = `${protocol}//user:hunter2@127.0.0.1:${await freePort()}${pathname}`;
    const client = connect({ [kind]: nowhere, namespace: fixture.namespace });
    onTestFinished(() => client.close());
    await expect(client.enqueue(mail, { user: user(), does: 'end' })).rejects.toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
    });
    const found = await call(ask('npx shiftwork check'), { ...variables, [url]: nowhere });
    expect(found.code).toBe(1);
    expect(found.out).toMatch(/error +.*127\.0\.0\.1:\d+/);
    expect(found.out + found.err).not.toContain('hunter2');
  });

  test('a queue grows', async () => {
    const ask = askOf('a queue grows');
    await running.client.pause({ queue: 'mail' }, { by: 'eve', reason: 'a look' });
    await running.client.enqueueMany([mail({ user: user(), does: 'end' }), mail({ user: user(), does: 'end' })]);
    expect((await cli(ask('npx shiftwork stats'))).out).toMatch(
      /queue +waiting +held +oldest[^]*mail \(paused\) +2 +0 +\d/,
    );
    await running.client.resume({ queue: 'mail' }, { by: 'eve' });
  });

  test('jobs wait in a queue of nobody', async () => {
    const ask = askOf('jobs wait in a queue of nobody');
    const other = connect({ [kind]: fixture.url, namespace: fixture.namespace });
    onTestFinished(() => other.close());
    await other.enqueue(ofNobody, {});
    expect((await cli(ask('npx shiftwork queues'))).out).toMatch(/attic +none names it +[12] /);
  });

  test("a call got another job's id", async () => {
    const ask = askOf("a call got another job's id");
    const data = { user: user(), does: 'end' } as const;
    const first = await running.client.enqueue(mail, data, { delay: LATE });
    const second = await running.client.enqueue(mail, data);
    expect(second).toMatchObject({ id: first.id, deduplicated: true });
    expect((await cli(ask(`npx shiftwork job ${second.id}`))).out).toContain('mail in mail: delayed');
  });

  test('a batch does not end', async () => {
    const ask = askOf('a batch does not end');
    const { client } = running;
    const { id, jobs } = await client.batch({
      name: 'one',
      jobs: [mail({ user: user(), does: 'end' }, { delay: LATE })],
    });
    expect(await client.batchView(id)).toMatchObject({ total: 1, open: 1 });
    expect((await cli(ask(`npx shiftwork job ${jobs[0]?.id}`))).out).toMatch(
      new RegExp(`: delayed\n[^]*batch +${id}[^]*waits for +its time`),
    );
  });

  test('a job has the wrong data', async () => {
    const ask = askOf('a job has the wrong data');
    const wrong = { user: user(), does: 'fail' } as const;
    const waiting = await running.client.enqueue(mail, wrong, { delay: LATE });
    const changed = await cli(
      ask(`npx shiftwork update ${waiting.id} --data ${JSON.stringify({ ...wrong, does: 'end' })}`),
    );
    expect(changed).toMatchObject({ code: 0, err: '' });
    const dead = await come('job.dead', 'fail');
    const put = await cli(
      ask(`npx shiftwork replay ${dead} --json --data ${JSON.stringify({ user: `u${users}`, does: 'end' })}`),
    );
    expect(put).toMatchObject({ code: 0, err: '' });
    const { id } = JSON.parse(put.out) as { readonly id: string };
    await said('job.succeeded', id);
  });

  test('work is paused', async () => {
    const ask = askOf('work is paused');
    const { client } = running;
    await client.pause({ queue: 'mail' }, { by: 'eve', reason: 'a look' });
    expect((await cli(ask('npx shiftwork stats'))).out).toMatch(/paused.*mail.*eve.*a look/);
    expect(await cli('npx shiftwork resume mail')).toMatchObject({ code: 0 });
  });
});

/** Of no app. */
const ofNobody = defineJob({ queue: 'attic', name: 'relic', schema: brief.schema });

test('Redis is full', async () => {
  const ask = askOf('Redis is full');
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const redis = new Redis(server.url);
  onTestFinished(() => redis.disconnect());
  const client = connect({ redis: server.url, namespace: 'full' });
  onTestFinished(() => client.close());
  await client.enqueue(mail, { user: 'u1', does: 'end' });
  await redis.config('SET', 'maxmemory', '1');
  await expect(client.enqueue(mail, { user: 'u2', does: 'end' })).rejects.toMatchObject({
    code: 'QUEUE_UNAVAILABLE',
    message: expect.stringContaining('out of memory'),
  });
  const [, ...words] = ask('redis-cli info memory').split(' ');
  const [command = '', ...args] = words;
  expect(await redis.call(command, ...args)).toMatch(/maxmemory:1\r/);
  await redis.config('SET', 'maxmemory', '0');
  await client.enqueue(mail, { user: 'u2', does: 'end' });
});

test('each row of the guide is provoked, and has a part of its own', () => {
  const own = readFileSync(import.meta.filename, 'utf8');
  const provoked = [...own.matchAll(/askOf\((['"])(.+)\1\);$/gm)].map(([, , symptom]) => symptom);
  expect(provoked.toSorted()).toEqual([...ROWS.keys()].toSorted());
  const guide = readFileSync(join(ROOT, 'docs/guides/troubleshooting.md'), 'utf8').toLowerCase();
  expect([...ROWS.keys()].filter(symptom => !guide.includes(`\n## ${symptom.toLowerCase()}\n`))).toEqual([]);
});
