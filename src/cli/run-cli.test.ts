import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Variables } from '../config/index.ts';
import { commands } from './commands.ts';
import { runCli } from './run-cli.ts';

const APP = fileURLToPath(new URL('../../tests/support/apps/letters.config.ts', import.meta.url));

async function cli(...args: string[]) {
  // Nothing listens there, and no test here comes so far as to ask.
  return cliWith({ REDIS_URL: 'redis://127.0.0.1:1' }, ...args);
}

async function cliWith(variables: Variables, ...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(args, {
    variables,
    print: line => void out.push(line),
    complain: line => void err.push(line),
    readInput: async () => 'no JSON',
    readSecret: async () => 'correct horse battery',
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const COMMANDS = [...commands.keys()];
/** They run until they are told to stop and print what other programs of theirs read, or what is typed into a variable. */
const WITHOUT_JSON = ['work', 'relay', 'api', 'users'];

describe('runCli', () => {
  test('says its version', async () => {
    const { code, out } = await cli('--version');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(JSON.parse((await cli('--version', '--json')).out)).toEqual({ version: out });
  });

  test('says what may have been meant', async () => {
    expect((await cli('enqeue')).err).toContain('Did you mean "enqueue"?');
    expect((await cli('stats', '--jsn')).err).toContain('Unknown option \'--jsn\'. Did you mean "--json"?');
    expect((await cli('hunter2')).err).not.toContain('Did you mean');
    for (const [line, meant] of [
      ['enqueue lettr {}', 'letter'],
      ['dead-letters replya', 'replay'],
      ['dead-letters --name lettr', 'letter'],
      ['dead-letters --kind jobs', 'job'],
      ['schedules pasue', 'pause'],
      ['schedules show x --reson y', '--reason'],
      ['events tial', 'tail'],
      ['outbox reconcil', 'reconcile'],
      ['projections rebiuld', 'rebuild'],
      ['tokens revok', 'revoke'],
    ] as const) {
      const app = line.startsWith('outbox') ? [] : ['--app', APP];
      const { code, err } = await cli(...line.split(' '), ...app);
      expect({ line, code, err }).toEqual({ line, code: 2, err: expect.stringContaining(`Did you mean "${meant}"?`) });
    }
  });

  test('help is an answer on standard output; no command at all is wrong use', async () => {
    for (const asked of ['--help', '-h', 'help']) {
      const { code, out, err } = await cli(asked);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      for (const command of COMMANDS) expect(out).toContain(`  ${command} `);
    }
    expect(await cli()).toMatchObject({ code: 2, out: '', err: expect.stringContaining('usage:') });
  });

  test.for(COMMANDS)('%s --help explains it and does nothing', async command => {
    const { code, out } = await cli(command, '--help');
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^usage: shiftwork ${command}`));
  });

  test.for(COMMANDS.filter(command => !WITHOUT_JSON.includes(command)))(
    '%s says in its help that it takes --json, and takes it',
    async command => {
      expect((await cli(command, '--help')).out).toContain('--json');
      const { code, err } = await cli(command, '--json', '--nothing-like-it');
      expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining("'--nothing-like-it'") });
    },
  );

  test.for([
    ['an unknown command', ['resurrect'], 'got "resurrect"'],
    ['an unknown option', ['stats', '--color'], "Unknown option '--color'"],
    ['an option without its value', ['stats', '--app'], "Option '--app <value>' argument missing"],
    ['an outcome that there is not', ['tail', '--outcome', 'ded', '--app', APP], 'Did you mean "dead"?'],
    [
      'a contract to follow that the app does not have',
      ['tail', '--contract', 'lettre', '--app', APP],
      'Did you mean "letter"?',
    ],
    ['a time that is none', ['update', 'x', '--at', 'tomorrow', '--app', APP], 'Expected --at to be now'],
    ['new data that is no JSON', ['replay', 'x', '--data', '{', '--app', APP], 'Expected the data as JSON'],
    ['too few words', ['job'], 'Expected 1 words after the command, got 0.'],
    ['too many words', ['job', 'a', 'b'], 'Expected 1 words after the command, got 2.'],
    ['a job that the app does not have', ['enqueue', 'lettre', '{}', '--app', APP], '(letter), got "lettre"'],
    ['data that is no JSON', ['enqueue', 'letter', '{', '--app', APP], 'Expected the data as JSON'],
    ['input that is no JSON', ['enqueue', 'letter', '-', '--app', APP], 'Expected the data as JSON'],
    ['an action that dead letters do not have', ['dead-letters', 'bury', '--app', APP], 'Expected "list", "groups"'],
    ['a limit of 0', ['dead-letters', '--limit', '0', '--app', APP], 'Expected --limit'],
    [
      'a queue that the app does not have',
      ['dead-letters', '--queue', 'x', '--app', APP],
      '--queue to be one of email',
    ],
    ['an action that users do not have', ['users', 'list'], 'Expected "users hash"'],
    ['an app that is not there', ['stats', '--app', '/nowhere.ts'], '/nowhere.ts'],
    ['an option that work does not have', ['work', '--fast'], "Unknown option '--fast'"],
  ] as const)('%s is wrong use: exit 2, said on standard error', async ([, args, complaint]) => {
    const { code, out, err } = await cli(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(complaint);
  });

  test.for([
    ['dead-letters groups', '--limit', ['--limit', '1']],
    ['dead-letters list', '--yes', ['--yes']],
    ['dead-letters list', '--per-second', ['--per-second', '0']],
    ['dead-letters', '--reason', ['--reason', 'x']],
    ['dead-letters show ID', '--queue', ['--queue', 'email']],
    ['dead-letters replay', '--reason', ['--all', '--reason', 'x']],
    ['dead-letters replay ID', '--name', ['--name', 'letter']],
    ['dead-letters replay ID', '--limit', ['--limit', '1']],
    ['dead-letters discard ID', '--kind', ['--kind', 'event', '--reason', 'x']],
    ['dead-letters discard', '--per-second', ['--all', '--per-second', '5', '--reason', 'x']],
    ['events tail', '--from', ['--from', 'x']],
    ['events replay NAME', '--limit', ['--from', 'x', '--limit', '3']],
    ['events dead-letters discard ID', '--limit', ['--limit', '3']],
  ] as const)('%s refuses %s, which it would ignore', async ([command, option, options]) => {
    const { code, out, err } = await cli(...command.split(' '), ...options, '--app', APP);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`Expected no ${option} with`);
  });

  test.for([
    ['events replay NAME extra --from x', 'at most 1 words'],
    ['events tail a b', 'at most 1 words'],
    ['dead-letters discard ID', '--reason'],
    ['dead-letters discard ID --reason=', '--reason'],
    ['dead-letters discard ID --reason=  ', '--reason'],
    ['dead-letters replay --limit 1', 'Expected ids, --kind'],
    ['dead-letters replay --all --limit 0', 'Expected --limit to be an integer from 1 to 10000, got "0".'],
    ['events tale', 'got "tale". Did you mean "tail"?'],
    ['projections statsu', 'got "statsu". Did you mean "status"?'],
  ] as const)('%s is refused before anything is looked at', async ([line, complaint]) => {
    const { code, err } = await cli(...line.split(' '), '--app', APP);
    expect(code).toBe(2);
    expect(err).toContain(complaint);
  });

  test('what a command says of --app in its help is what it takes; those that look at no app refuse it', async () => {
    const blind = ['job', 'cancel', 'outbox', 'users', 'adopt', 'workers'];
    for (const command of COMMANDS) {
      const { out } = await cli(command, '--help');
      expect({ command, offers: out.includes('--app PATH') }).toEqual({ command, offers: !blind.includes(command) });
    }
    for (const command of blind) {
      const { code, err } = await cli(command, 'status', '--app', APP);
      expect({ command, code }).toEqual({ command, code: 2 });
      expect(err).toContain("Unknown option '--app'");
    }
    for (const command of ['work', 'relay']) {
      expect((await cli(command, '--json')).err).toContain("Unknown option '--json'");
    }
    expect((await cli('help')).out).not.toContain('--json');
  });

  test.for(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'a word that every object answers to is no action: %s',
    async word => {
      for (const command of ['dead-letters', 'events', 'projections', 'outbox', 'users']) {
        expect(await cli(command, word, ...(command === 'dead-letters' ? ['--app', APP] : []))).toMatchObject({
          code: 2,
          err: expect.stringContaining('Expected'),
        });
      }
      expect((await cli('enqueue', word, '{}', '--app', APP)).code).toBe(2);
    },
  );

  test('check finds every fault for which a worker refuses to start, in the words of the worker', async () => {
    const faulty = {
      WORKER_PORT: '70000',
      WORKER_PROCESSES: '9999',
      WORKER_MAX_MEMORY_MB: '1',
      DEAD_LETTER_ALERT: '0',
      ALERT_WEBHOOK_URL: 'ftp://x',
      RABBITMQ_URL: 'redis://x',
      NODE_ENV: 'prod',
      LOG_LEVEL: 'loud',
      REDIS_URL: 'redis://127.0.0.1:1/abc',
      POSTMAN: 'pat',
      ARCHIVE_FILE: '/dev/null',
    };
    const named = ['WORKER_PORT', 'WORKER_PROCESSES', 'WORKER_MAX_MEMORY_MB', 'DEAD_LETTER_ALERT', 'ALERT_WEBHOOK_URL'];
    named.push('RABBITMQ_URL', 'NODE_ENV', 'LOG_LEVEL', 'REDIS_URL');
    const check = await cliWith(faulty, 'check', '--json', '--app', APP);
    expect(check.code).toBe(1);
    const { errors } = JSON.parse(check.out) as { readonly errors: readonly string[] };
    expect(errors.map(error => /Expected (\w+)/.exec(error)?.[1]).toSorted()).toEqual(named.toSorted());
    const work = await cliWith(faulty, 'work', '--app', APP);
    expect(work.code).toBe(2);
    for (const error of errors) expect(work.err).toContain(error);
    // Also where there is no app to read.
    const lost = await cliWith(faulty, 'check', '--json', '--app', '/nowhere.ts');
    for (const error of errors) expect(lost.out).toContain(JSON.stringify(error));
  });

  test.for(['prod', 'Production', 'staging'])('NODE_ENV=%s starts neither worker nor relay', async value => {
    const variables = { DATABASE_URL: 'postgres://127.0.0.1:1/x', POSTMAN: 'pat', ARCHIVE_FILE: '/dev/null' };
    for (const command of ['work', 'relay']) {
      const { code, err } = await cliWith({ ...variables, NODE_ENV: value }, command, '--app', APP);
      expect(code).toBe(2);
      expect(err).toContain('Expected NODE_ENV to be one of development, test, production');
    }
  });

  test('a command that refuses its start listens to no signal any more', async () => {
    const listeners = (): readonly number[] =>
      ['SIGTERM', 'SIGINT', 'disconnect'].map(name => process.listenerCount(name));
    const before = listeners();
    const variables = { DATABASE_URL: 'postgres://127.0.0.1:1/x', NODE_ENV: 'prod' };
    for (const command of ['work', 'relay', 'api']) {
      expect(await cliWith(variables, command, '--app', APP)).toMatchObject({ code: 2 });
    }
    expect(listeners()).toEqual(before);
  });

  test('a page that no search has answered is wrong use', async () => {
    expect(await cli('find', 'x', '--after', 'nonsense', '--app', APP)).toMatchObject({
      code: 2,
      err: expect.stringContaining('got a text that is none'),
    });
  });

  test('a command whose app never answers says so and has failed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shiftwork-cli-'));
    try {
      const app = join(folder, 'shiftwork.config.mjs');
      await writeFile(app, 'await new Promise(() => {});');
      const command = [fileURLToPath(new URL('main.ts', import.meta.url)), 'migrate', '--app', app];
      const options = { env: { ...process.env, REDIS_URL: 'redis://127.0.0.1:1' } };
      await expect(promisify(execFile)(process.execPath, command, options)).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringContaining('ended before it was done'),
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('a relay refuses a level of logs that there is not', async () => {
    const variables = { DATABASE_URL: 'postgres://127.0.0.1:1/x', LOG_LEVEL: 'loud' };
    expect(await cliWith(variables, 'relay', '--app', APP)).toMatchObject({
      code: 2,
      err: expect.stringContaining('Expected LOG_LEVEL'),
    });
  });

  test('a word in the wrong place is counted, not repeated: it may be a password', async () => {
    const { err } = await cli('users', 'hash', 'hunter2');
    expect(err).not.toContain('hunter2');
  });
});
