import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { breakStoredJob } from '../../tests/support/break-job.ts';
import { programEnvironment, startProcess } from '../../tests/support/child-process.ts';
import { seedLetters } from '../../tests/support/seed-letters.ts';
import { program } from '../../tests/support/programs.ts';
import { engineCases, type EngineFixture } from '../../tests/support/engines.ts';
import { freePort } from '../../tests/support/free-port.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { verifyPassword, type Variables } from '../config/index.ts';
import { openEngine } from '../engine/index.ts';
import { openSchedules } from '../schedules/index.ts';
import { commands } from './commands.ts';
import { runCli } from './run-cli.ts';

const MAIN = program('src/cli/main.ts');
/** The app as processes load it. */
const BUILT = program('tests/support/apps/letters.config.ts');
const APP = fileURLToPath(new URL('../../tests/support/apps/letters.config.ts', import.meta.url));
const SCHEDULES = fileURLToPath(new URL('../../tests/support/apps/three-queues.config.ts', import.meta.url));
const LATER = new Date(Date.now() + 2 * 3_600_000).toISOString();
const SECRET = 'hunter2@example.com';

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the real command in a process of its own and waits until it has ended by itself. */
function run(args: readonly string[], env: Readonly<Record<string, string>>, input = ''): Promise<Result> {
  return new Promise(resolve => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { env: { ...programEnvironment(), ...env } },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }),
    );
    // A process that has ended already, as one may on a busy machine, reads nothing: it says itself how it ended.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

/** The command in this process: a start costs a second. */
async function call(args: readonly string[], variables: Variables, input = ''): Promise<Result> {
  const lines: Record<'out' | 'err', string[]> = { out: [], err: [] };
  const code = await runCli(args, {
    variables,
    print: line => void lines.out.push(`${line}\n`),
    complain: line => void lines.err.push(`${line}\n`),
    readInput: async () => input,
    readSecret: async () => input,
  });
  return { code, out: lines.out.join(''), err: lines.err.join('') };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe.each(engineCases)('shiftwork on $kind', ({ kind, open }) => {
  let fixture: EngineFixture;
  let folder: string;
  let env: Record<string, string>;
  const shiftwork = (args: readonly string[], input?: string): Promise<Result> =>
    call(['job', 'cancel', 'workers'].includes(args[0] ?? '') ? args : [...args, '--app', APP], env, input);
  const letter = (end: string, to = `${end}-${SECRET}`): string => JSON.stringify({ to, end });
  const enqueue = async (data: string): Promise<string> => (await shiftwork(['enqueue', 'letter', data])).out.trim();
  const stateOf = async (id: string): Promise<string> =>
    (JSON.parse((await shiftwork(['job', id, '--json'])).out) as { state: string }).state;

  beforeAll(async () => {
    fixture = await open();
    folder = await mkdtemp(join(tmpdir(), 'shiftwork-cli-'));
    env = {
      [kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL']: fixture.url,
      SHIFTWORK_NAMESPACE: fixture.namespace,
      ARCHIVE_FILE: join(folder, 'archive'),
      POSTMAN: 'pat',
      WORKER_PROCESSES: '1',
    };
    const { code, err } = await shiftwork(['migrate']);
    if (code !== 0) throw new Error(`shiftwork migrate ended with ${code}: ${err}`);
  });
  afterAll(async () => {
    await fixture.cleanup();
    await rm(folder, { recursive: true, force: true });
  });

  test('migrate makes what engine and handlers store, again without harm, and names what it left out', async () => {
    const file = join(folder, 'archive-2');
    const again = await run(['migrate', '--app', BUILT], { ...env, ARCHIVE_FILE: file, POSTMAN: '' });
    // In one look: where it fails, all that it said is shown.
    expect(again).toEqual({
      code: 0,
      err: '',
      out: expect.stringContaining('left out: postman. Expected POSTMAN to be set'),
    });
    expect(await readFile(file, 'utf8')).toBe('migrated\n');
    const json = await shiftwork(['migrate', '--json']);
    // Beside a PostgreSQL, the outbox's tables too.
    const made =
      kind === 'postgres'
        ? ['batches', 'queues', 'outbox', 'event store', 'journal', 'handlers']
        : ['queues', 'handlers'];
    const { done, leftOut } = JSON.parse(json.out) as { done: string[]; leftOut: unknown[] };
    expect(done.map(line => line.split(':', 1)[0])).toEqual(made);
    expect(leftOut).toEqual([]);
  });

  test('schedules that were made at run time are listed, shown, paused, run and removed by their names', async () => {
    const { default: app } = await import('../../tests/support/apps/letters.config.ts');
    const { connect } = await import('../queue/index.ts');
    const [contract] = app.jobs.values();
    if (contract === undefined) throw new Error('The app has no contract.');
    const { url, namespace } = fixture;
    const client = connect({ ...(kind === 'redis' ? { redis: url } : { postgres: url }), namespace });
    onTestFinished(() => client.close());
    const job = { kind: 'job-request', contract, data: { to: SECRET, end: 'sent' }, options: {} } as const;
    for (const name of ['mail:1', 'mail:2', 'other'])
      await client.schedules.upsert(name, { job, every: '1d', by: 'shop' });
    const listed = await shiftwork(['schedules', 'list', '--prefix', 'mail:', '--limit', '1', '--json']);
    expect(JSON.parse(listed.out)).toMatchObject([
      { kind: 'run-time', name: 'mail:1', job: 'letter', made: { by: 'shop' } },
    ]);
    const next = await shiftwork(['schedules', 'list', '--prefix', 'mail:', '--after', 'mail:1']);
    expect(next.out).toMatch(/mail:2 +letter +every 86400000 ms/);
    expect((await shiftwork(['schedules', 'pause', 'mail:1', '--reason', 'too many'])).out).toBe('mail:1 is paused\n');
    expect((await shiftwork(['schedules', 'show', 'mail:1'])).out).toMatch(/made: .* by shop\nreason: too many/);
    const jobId = (await shiftwork(['schedules', 'run', 'mail:1'])).out.trim();
    expect(await stateOf(jobId)).toBe('waiting');
    expect((await shiftwork(['schedules', 'resume', 'mail:1'])).code).toBe(0);
    expect((await shiftwork(['schedules', 'remove', 'mail:1'])).out).toBe('mail:1 is removed\n');
    const gone = await shiftwork(['schedules', 'show', 'mail:1']);
    expect(gone).toMatchObject({ code: 2, err: expect.stringContaining('made at run time, got "mail:1"') });
    expect(listed.out + next.out).not.toContain(SECRET);
  });

  test('a schedule made at run time whose record cannot be read is named by check, until it is removed', async () => {
    const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
    onTestFinished(() => engine.close(1_000));
    const schedule = JSON.parse('{"from":"a later release"}');
    await openSchedules(engine).put([{ name: 'odd', version: 0, schedule, dueAt: undefined }]);
    const warned = async () => {
      const { warnings } = JSON.parse((await shiftwork(['check', '--json'])).out) as { warnings: readonly string[] };
      return warnings.join();
    };
    expect(await warned()).toContain('found 1 that cannot be read (odd)');
    expect((await shiftwork(['schedules', 'remove', 'odd'])).code).toBe(0);
    expect(await warned()).not.toContain('cannot be read');
  });

  test('check finds nothing wrong here, and everything wrong there at once', async () => {
    // What it means that an installation has no secret is said, and is no warning.
    expect(JSON.parse((await shiftwork(['check', '--json'])).out)).toMatchObject({
      errors: [],
      notes: [expect.stringMatching(/^SHIFTWORK_SECRET is not set/)],
    });
    const sound = await shiftwork(['check']);
    expect(sound).toMatchObject({ code: 0, err: '' });
    // The PostgreSQL of the tests runs without fsync, which is worth its warning.
    // Whoever reads that all is well can see of what.
    expect(sound.out).toMatch(
      /^app +.*letters\.config\.ts\nqueues +email \(\d+ jobs, \d+ handlers\)\nschedules +none\nengine +\w+:\/\/\S+, namespace \w+\ntables /,
    );
    expect(sound.out.replace(/^(note|app|queues|schedules|engine|tables) .*\n/gm, '')).toMatch(
      /^(all is well|warning .*fsync.*\nno errors)\n$/,
    );
    const faulty = await run(['check', '--json', '--app', BUILT], {
      ...env,
      POSTMAN: '',
      WORKER_CONCURRENCY: '0',
      LOG_LEVEL: 'loud',
      SHIFTWORK_NAMESPACE: 'a b',
    });
    expect(faulty.code).toBe(1);
    expect(JSON.parse(faulty.out)).toMatchObject({
      errors: expect.arrayContaining([
        expect.stringContaining('POSTMAN'),
        expect.stringContaining('WORKER_CONCURRENCY'),
        expect.stringContaining('LOG_LEVEL'),
        expect.stringContaining('SHIFTWORK_NAMESPACE'),
      ]),
    });
  });

  test("enqueue prints the job's id and nothing else; job and stats then know it", async () => {
    const args = ['enqueue', 'letter', '-', '--delay', '1h', '--app', BUILT];
    const { code, out, err } = await run(args, env, letter('sent', 'later@x'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^email-\w{20}-\w{10}\n$/);
    expect((await shiftwork(['job', out.trim()])).out).toMatch(
      /^letter in email: delayed\n[\s\S]*\nenqueued in {2}process \d+ on \S/,
    );
    expect(JSON.parse((await shiftwork(['stats', '--json'])).out)).toMatchObject([
      { name: 'email', delayed: expect.any(Number), held: 0 },
    ]);
    expect((await shiftwork(['stats'])).out).toMatch(/^queue +waiting +held +oldest +oldest held +delayed/);
  });

  test('an idempotency key stands for its first job; with other data it is refused', async () => {
    const first = await shiftwork([
      'enqueue',
      'letter',
      letter('sent', 'a@x'),
      '--key',
      'k',
      '--delay',
      '1h',
      '--json',
    ]);
    const { id } = JSON.parse(first.out) as { id: string };
    const second = await shiftwork(['enqueue', 'letter', letter('sent', 'a@x'), '--key', 'k', '--json']);
    expect(JSON.parse(second.out)).toEqual({ id, name: 'letter', queue: 'email', deduplicated: true });
    const other = await shiftwork(['enqueue', 'letter', letter('sent', 'b@x'), '--key', 'k']);
    expect(other).toMatchObject({ code: 1, out: '' });
  });

  test('data that the contract refuses is wrong use, and nothing is queued', async () => {
    const refused = await shiftwork(['enqueue', 'letter', JSON.stringify({ to: SECRET, end: SECRET })]);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('end:');
    expect(refused.err).not.toContain(SECRET);
  });

  test('work runs what was queued until it is told to stop; what failed is a dead letter, and no output tells more than it may', async () => {
    const ends = ['sent', 'refused', 'unwanted'];
    const [sent = '', refused = '', unwanted = ''] = await Promise.all(ends.map(end => enqueue(letter(end))));
    const worker = startProcess(MAIN, {
      args: ['work', '--app', BUILT],
      env: { ...env, LOG_LEVEL: 'debug', RELEASE: '1.2.3' },
    });
    await worker.line(/worker\.started/);
    await worker.line(new RegExp(`"job\\.succeeded".*${sent}`));
    await worker.line(new RegExp(`"job\\.dead".*${refused}`));
    await worker.line(new RegExp(`"job\\.cancelled".*${unwanted}`));
    expect(await Promise.all([sent, refused, unwanted].map(stateOf))).toEqual(['succeeded', 'dead', 'cancelled']);
    // A process says how it is some seconds after its start.
    const listed = await waitFor('a row of the process', async () => {
      const { out } = await shiftwork(['workers', 'list']);
      return out.includes('/1 ') && out;
    });
    expect(listed).toMatch(/working +1\.2\.3 .* of \d+ .*email/);
    expect(await shiftwork(['workers', 'stop', 'nobody'])).toMatchObject({ code: 1, out: '' });
    expect(await shiftwork(['workers', 'stop', '--all', '--json'])).toMatchObject({ code: 0 });
    expect(await worker.ended).toBe(0);

    const lines = worker.lines.map(line => JSON.parse(line) as Record<string, unknown>);
    const factsOf = (id: string) => lines.filter(({ jobId }) => jobId === id).map(({ fact, level }) => [fact, level]);
    expect(factsOf(sent)).toEqual([
      ['job.started', 'debug'],
      ['job.succeeded', 'info'],
    ]);
    // A retry is stated once the engine has confirmed it; by then the next attempt may have begun, or ended.
    expect(factsOf(refused)).toHaveLength(4);
    expect(factsOf(refused)).toEqual(
      expect.arrayContaining([
        ['job.started', 'debug'],
        ['job.retried', 'warn'],
        ['job.dead', 'error'],
      ]),
    );
    expect(factsOf(refused).at(0)).toEqual(['job.started', 'debug']);
    expect(lines.find(({ fact, jobId }) => fact === 'job.dead' && jobId === refused)).toMatchObject({
      service: 'worker',
      jobName: 'letter',
      queue: 'email',
      attempt: 2,
      correlationId: refused,
      err: { message: 'nobody lives at [redacted]', stack: expect.stringContaining('letters.config.') },
    });

    const list = await shiftwork(['dead-letters']);
    expect(list.out).toContain(refused);
    expect(list.out).not.toContain(unwanted);
    const all = await shiftwork(['dead-letters', 'list', '--all', '--json']);
    const ids = (JSON.parse(all.out) as { id: string }[]).map(({ id }) => id);
    // Other tests of this file cancel jobs too.
    expect(ids).toEqual(expect.arrayContaining([refused, unwanted]));
    expect(ids).not.toContain(sent);
    const shown = await shiftwork(['dead-letters', 'show', refused]);
    expect(JSON.parse(shown.out)).toMatchObject({
      name: 'letter',
      data: { to: '[redacted]', end: 'refused' },
      attemptsMade: 2,
      reason: 'nobody lives at [redacted]',
    });
    expect((await shiftwork(['dead-letters', 'show', sent])).code).toBe(1);
    const job = await shiftwork(['job', refused]);
    expect(job.out).toContain('2 of 2');
    const ended = ['--since', '1h', '--outcome', 'dead', '--contract', 'letter', '--count', '1'];
    const tail = await shiftwork(['tail', ...ended]);
    expect(tail.out).toMatch(
      new RegExp(`^20.*dead +letter +${refused} +attempt 2 .*said-by-handler|attempts-exhausted`),
    );
    expect(JSON.parse((await shiftwork(['tail', ...ended, '--json'])).out)).toMatchObject({
      jobId: refused,
      outcome: 'dead',
    });
    expect(await shiftwork(['update', refused, '--priority', 'high'])).toMatchObject({ code: 1, out: '' });
    const said = [...worker.lines, list.out, all.out, shown.out, job.out, tail.out].join('\n');
    expect(said).not.toContain(SECRET);
  });

  test('--limit bounds what is replayed and discarded, newest end first; each is logged in one line', async () => {
    // Other tests count what is dead in theirs.
    const own = await open();
    onTestFinished(() => own.cleanup());
    const variables = { ...env, [kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL']: own.url };
    variables['SHIFTWORK_NAMESPACE'] = own.namespace;
    const cli = (args: readonly string[]): Promise<Result> => call([...args, '--app', APP], variables);
    expect((await cli(['migrate'])).code).toBe(0);
    const dead: string[] = [];
    const worker = startProcess(MAIN, { args: ['work', '--app', BUILT], env: { ...variables, LOG_LEVEL: 'debug' } });
    try {
      for (const to of ['four', 'five', 'six']) {
        const id = (await cli(['enqueue', 'letter', letter('refused', to)])).out.trim();
        await worker.line(new RegExp(`"job\\.dead".*${id}`));
        dead.unshift(id);
      }
    } finally {
      worker.kill('SIGTERM');
      await worker.ended;
    }
    const all = async (): Promise<readonly string[]> =>
      (JSON.parse((await cli(['dead-letters', '--json'])).out) as { id: string }[]).map(({ id }) => id);
    const before = await all();
    expect(before.slice(0, 3)).toEqual(dead);

    const tried = await cli(['dead-letters', 'discard', '--queue', 'email', '--limit', '2', '--reason', 'x']);
    expect(tried.out).toContain('2 of 2 would be discarded');
    expect(await all()).toEqual(before);
    const crowd = ['--queue', 'email', '--limit', '1', '--yes', '--json'];
    const discarded = await cli(['dead-letters', 'discard', ...crowd, '--reason', ' not wanted ']);
    expect(JSON.parse(discarded.out)).toMatchObject({ matched: 1, done: [dead[0]] });
    expect(discarded.err.split('\n').filter(line => line !== '')).toHaveLength(1);
    expect(discarded.err).not.toContain('\n\n');
    expect(JSON.parse(discarded.err)).toMatchObject({ fact: 'job.discarded', reason: 'not wanted' });
    const replayed = await cli(['dead-letters', 'replay', ...crowd]);
    expect(JSON.parse(replayed.out)).toMatchObject({ matched: 1, done: [dead[1]] });
    expect(await all()).toEqual(before.slice(2));
  });

  test('update changes a job that waits, replay runs one again that has ended, and both say why they do not', async () => {
    const id = (await shiftwork(['enqueue', 'letter', letter('sent', 'ann@x'), '--delay', '1h'])).out.trim();
    const changed = await shiftwork(['update', id, '--data', letter('sent', 'ann@x'), '--at', LATER, '--json']);
    expect(changed).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(changed.out)).toEqual({ id, name: 'letter', queue: 'email', changed: ['data', 'at'] });
    expect((await shiftwork(['job', id])).out).toContain(`waits for    its time, ${LATER.slice(0, 10)}`);
    expect(await shiftwork(['update', id, '--data', '{"to":1}'])).toMatchObject({ code: 2, out: '' });
    expect(await shiftwork(['replay', id])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('to have ended'),
    });
    const unknown = await shiftwork([
      'replay',
      'email-0mabcdefgh0000abcdef-0123456789',
      '--data',
      letter('sent', 'carl@x'),
    ]);
    expect(unknown).toMatchObject({ code: 1, out: '', err: expect.stringContaining('to be known') });
    expect((await shiftwork(['cancel', id])).code).toBe(0);
  });

  test('a job of another program is named QUEUE/ID, and shown so', async () => {
    const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
    try {
      const data = { to: 'x', end: 'sent' };
      await (await engine.queue('email')).add('letter', data, { jobId: 'order-7', delay: 3_600_000 });
      const theirs = await engine.queue('theirs');
      const { id = '' } = await theirs.add('task', {}, { delay: 3_600_000 });
      // As another program's BullMQ does: the queue stays known. `check` says what holds jobs.
      await theirs.setGlobalConcurrency(5);
      await theirs.remove(id);
    } finally {
      await engine.close();
    }
    const seen = await shiftwork(['job', 'email/order-7', '--json']);
    expect(JSON.parse(seen.out)).toMatchObject({ id: 'email/order-7', state: 'delayed', log: [] });
    const changed = await shiftwork(['update', 'email/order-7', '--at', LATER, '--json']);
    expect(JSON.parse(changed.out)).toMatchObject({ id: 'email/order-7', changed: ['at'] });
    expect((await shiftwork(['cancel', 'email/order-7'])).out).toBe('email/order-7 will end as cancelled\n');
    expect((await shiftwork(['job', 'other/order-7'])).code).toBe(1);
    const misspelt = await shiftwork(['pause', 'thiers', '--app', APP]);
    const meant = { code: 2, out: '', err: expect.stringContaining('Did you mean "theirs"?') };
    expect(misspelt).toMatchObject(meant);
    // One that waits for what comes would wait for ever.
    expect(await shiftwork(['tail', '--queue', 'thiers', '--app', APP])).toMatchObject(meant);
    expect(await shiftwork(['find', '--queue', 'thiers', '--app', APP])).toMatchObject(meant);
    expect((await shiftwork(['pause', 'theirs', '--app', APP])).out).toBe('theirs is paused\n');
    expect((await shiftwork(['resume', 'theirs', '--app', APP])).code).toBe(0);
  });

  test('a dead letter of another program is named QUEUE/ID wherever it is shown, and found by that name', async () => {
    const own = await open();
    onTestFinished(() => own.cleanup());
    const variables = { ...env, [kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL']: own.url };
    variables['SHIFTWORK_NAMESPACE'] = own.namespace;
    const cli = (...args: string[]): Promise<Result> => call([...args, '--app', APP], variables);
    const json = async (...args: string[]): Promise<unknown> => JSON.parse((await cli(...args, '--json')).out);
    expect((await cli('migrate')).code).toBe(0);
    const [raw = ''] = await seedLetters(own, 'email', 1, () => ({
      name: 'letter',
      data: letter('sent'),
      reason: 'Error: x',
    }));
    const id = `email/${raw}`;
    expect((await cli('dead-letters', 'list')).out).toContain(id);
    expect(await json('dead-letters', 'list')).toMatchObject([{ id }]);
    expect(await json('dead-letters', 'show', id)).toMatchObject({ id, name: 'letter' });
    expect((await cli('dead-letters', 'show', `other/${raw}`)).code).toBe(1);
    expect(await json('dead-letters', 'replay', id)).toMatchObject({ done: [id], skipped: [] });
    expect(await json('dead-letters', 'discard', id, '--reason', 'x')).toMatchObject({ done: [], skipped: [{ id }] });
    const found = JSON.parse((await cli('find', '--queue', 'email', '--json')).out) as object;
    expect(found).toMatchObject({ jobs: [{ id, state: 'waiting' }] });
  });

  test('what a command prints with --json is one document, or one a line, and nothing beside it', async () => {
    const own = await open();
    onTestFinished(() => own.cleanup());
    const queues = { [kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL']: own.url };
    const variables = { ...env, ...queues, SHIFTWORK_NAMESPACE: own.namespace };
    expect((await call(['migrate', '--app', APP], variables)).code).toBe(0);
    const waiting = async (to: string): Promise<string> =>
      (await call(['enqueue', 'letter', letter('sent', to), '--delay', '1h', '--app', APP], variables)).out.trim();
    const [one, other, third] = [await waiting('one'), await waiting('other'), await waiting('third')];
    const dead = (
      await seedLetters(own, 'email', 3, () => ({ name: 'letter', data: letter('sent'), reason: 'Error: x' }))
    ).map(id => `email/${id}`);
    const token = JSON.parse(
      (await call(['tokens', 'create', 'ci', '--scope', 'read/letter', '--json', '--app', APP], variables)).out,
    ) as { readonly id: string };
    const printed = [
      ['check', '--app', APP],
      ['migrate', '--app', APP],
      ['enqueue', 'letter', letter('sent', 'four'), '--app', APP],
      ['job', one],
      ['find', one, '--app', APP],
      ['find', '--queue', 'email', '--app', APP],
      ['update', one, '--at', LATER, '--app', APP],
      ['cancel', other],
      ['replay', dead[0] ?? '', '--app', APP],
      ['dead-letters', '--app', APP],
      ['dead-letters', 'groups', '--app', APP],
      ['dead-letters', 'show', dead[1] ?? '', '--app', APP],
      ['dead-letters', 'replay', '--all', '--app', APP],
      ['dead-letters', 'replay', dead[1] ?? '', '--app', APP],
      ['dead-letters', 'discard', dead[2] ?? '', '--reason', 'r', '--app', APP],
      ['pause', 'email', '--app', APP],
      ['job', third],
      ['stats', '--app', APP],
      ['queues', '--app', APP],
      ['resume', 'email', '--app', APP],
      ['scaling', '--app', APP],
      ['alerts', '--app', APP],
      ['schedules', '--app', SCHEDULES],
      ['schedules', 'show', 'ticks', '--app', SCHEDULES],
      ['schedules', 'pause', 'ticks', '--app', SCHEDULES],
      ['schedules', 'run', 'ticks', '--app', SCHEDULES],
      ['schedules', 'resume', 'ticks', '--app', SCHEDULES],
      ['tokens', 'create', 'cd', '--scope', 'read/letter', '--app', APP],
      ['tokens', 'list', '--app', APP],
      ['tokens', 'revoke', token.id, '--app', APP],
      ['workers'],
      ['erase', '--tag', 'user=u-1'],
      ['erase', '--records'],
      ['users', 'hash'],
    ];
    // Those that speak JSON with a bus, an event store, an outbox, a journal or an installation of their own have tests of their own.
    const elsewhere = ['tail', 'adopt', 'events', 'outbox', 'projections'];
    const withJson = [...commands.keys()].filter(name => !['work', 'relay', 'api', ...elsewhere].includes(name));
    expect([...new Set(printed.map(([name]) => name))].toSorted()).toEqual(withJson.toSorted());
    for (const args of printed) {
      const { code, out, err } = await call([...args, '--json'], variables, 'correct horse battery');
      const readable = isJson(out) || out.trimEnd().split('\n').every(isJson);
      expect({ args, out, err, code, readable }).toEqual({ args, out, err, code: 0, readable: true });
    }
  });

  test('an unknown job is a failure, not an error of use', async () => {
    const unknown = await shiftwork(['job', 'email-0mabcdefgh0000abcdef-0123456789']);
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(unknown.err).toContain('is known');
  });
});

describe.concurrent('shiftwork', () => {
  test('a broken stored job is listed and named, and hides no other', async () => {
    const fixture = await engineCases[0]?.open();
    if (fixture === undefined) throw new Error('no engine');
    const env = {
      REDIS_URL: fixture.url,
      SHIFTWORK_NAMESPACE: fixture.namespace,
      ARCHIVE_FILE: '/dev/null',
      POSTMAN: 'pat',
      WORKER_PROCESSES: '1',
    };
    const add = async (to: string): Promise<string> =>
      (await call(['enqueue', 'letter', JSON.stringify({ to, end: 'refused' }), '--app', APP], env)).out.trim();
    const [broken, sound] = await Promise.all([add('one'), add('two')]);
    const worker = startProcess(MAIN, { args: ['work', '--app', BUILT], env });
    await Promise.all([broken, sound].map(id => worker.line(new RegExp(`job\\.dead.*${id}`))));
    worker.kill('SIGINT');
    await worker.ended;
    await breakStoredJob(fixture, 'email', broken);
    const list = await call(['dead-letters', '--app', APP], env);
    expect(list.code).toBe(0);
    expect(list.out).toContain(sound);
    expect(list.out).toMatch(new RegExp(`${broken}.*JSON`));
    for (const args of [
      ['job', broken],
      ['dead-letters', 'show', broken, '--app', APP],
    ]) {
      expect(await call(args, env)).toMatchObject({ code: 1, out: '', err: expect.stringContaining('not JSON') });
    }
  });

  test.for([
    ['redis', 'REDIS_URL', 'redis://user:hunter2@127.0.0.1', '3', ['check', 'stats']],
    ['postgres', 'DATABASE_URL', 'postgres://user:hunter2@127.0.0.1', 'x', ['dead-letters', 'enqueue']],
  ] as const)('ends by itself with 1 while %s is away, without the password', async ([, variable, url, path, own]) => {
    const env = { [variable]: `${url}:${await freePort()}/${path}`, ARCHIVE_FILE: '/dev/null', POSTMAN: 'pat' };
    const data = JSON.stringify({ to: 'someone', end: 'sent' });
    const results = await Promise.all(
      [['check'], ['stats'], ['dead-letters'], ['enqueue', 'letter', data]].map(([name = '', ...args]) =>
        // Each ends as a process of its own on one of them.
        own.some(each => each === name)
          ? run([name, ...args, '--app', BUILT], env)
          : call([name, ...args, '--app', APP], env),
      ),
    );
    for (const { code, out, err } of results) {
      expect(code).toBe(1);
      expect(out + err).toContain('cannot be reached');
      expect(out + err).not.toContain('hunter2');
    }
  });

  test('without an engine it says which variables name one', async () => {
    const { code, err } = await run(['stats', '--app', BUILT], {});
    expect(code).toBe(2);
    expect(err).toContain('REDIS_URL or DATABASE_URL');
  });

  test('users hash takes the first line of standard input and prints a hash that fits', async () => {
    const { code, out } = await run(['users', 'hash'], {}, 'correct horse battery\n');
    expect(code).toBe(0);
    expect(await verifyPassword('correct horse battery', out.trim())).toBe(true);
    const short = await run(['users', 'hash'], {}, 'hunter2\n');
    expect(short).toMatchObject({ code: 2, out: '' });
    expect(short.err).not.toContain('hunter2');
  });

  test('an app that cannot be loaded is named with the place of its fault', async () => {
    const { code, out } = await run(['check', '--app', '/nowhere/app.ts'], { REDIS_URL: 'redis://127.0.0.1:1' });
    expect(code).toBe(1);
    expect(out).toContain('/nowhere/app.ts');
    expect(out).toContain('cannot be reached');
  });
});
