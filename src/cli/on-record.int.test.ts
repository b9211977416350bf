import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineCases, type EngineFixture } from '../../tests/support/engines.ts';
import { AuditLog, type AuditEntry } from '../audit/index.ts';
import { openEngine, type Engine } from '../engine/index.ts';
import { runCli } from './run-cli.ts';

const APP = fileURLToPath(new URL('../../tests/support/apps/letters.config.ts', import.meta.url));
const SCHEDULES = fileURLToPath(new URL('../../tests/support/apps/three-queues.config.ts', import.meta.url));
const PERSON = 'lovelace@example.com';

/** What stands in one line of the record. */
type Line = readonly [path: string, outcome: AuditEntry['outcome'], on: unknown, done: unknown];

describe.each(engineCases)('what the command line does on $kind is on record', ({ kind, open }) => {
  let fixture: EngineFixture;
  let engine: Engine;
  beforeAll(async () => {
    fixture = await open();
    engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
  });
  afterAll(async () => {
    await engine.close(1_000);
    await fixture.cleanup();
  });

  const entries = async () => (await new AuditLog(engine, () => undefined).read(undefined, 100)).entries;
  async function cli(...args: readonly string[]) {
    const before = (await entries()).length;
    const [out, err]: [string[], string[]] = [[], []];
    const code = await runCli(args, {
      variables: {
        [kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL']: fixture.url,
        SHIFTWORK_NAMESPACE: fixture.namespace,
        USER: 'ann',
      },
      print: line => void out.push(line),
      complain: line => void err.push(line),
      readInput: async () => '',
      readSecret: async () => '',
    });
    const all = await entries();
    const news = all.slice(0, all.length - before);
    const lines = news.map(({ path, outcome, detail }): Line => [path, outcome, detail?.on, detail?.done]);
    return { code, out: out.join('\n'), err: err.join('\n'), lines, news };
  }
  const enqueue = async (to: string): Promise<string> =>
    (await cli('enqueue', 'letter', JSON.stringify({ to, end: 'sent' }), '--delay', '1h', '--app', APP)).out;

  test('jobs: change, cancel, replay; with who did it, and with what is refused', async () => {
    const id = await enqueue('one@x');
    const changed = await cli('update', id, '--at', 'now', '--priority', 'high', '--app', APP);
    expect(changed.lines).toEqual([['shiftwork update', 'done', id, 1]]);
    expect(changed.news).toMatchObject([
      { user: 'cli:ann', role: undefined, method: 'CLI', detail: { what: 'change at, priority of a job' } },
    ]);
    expect((await cli('replay', id, '--app', APP)).lines).toEqual([['shiftwork replay', 'refused', id, undefined]]);
    const cancelled = await cli('cancel', id, '--reason', 'a mistake');
    expect(cancelled.lines).toEqual([['shiftwork cancel', 'done', id, 1]]);
    expect(cancelled.news).toMatchObject([{ detail: { reason: 'a mistake' } }]);
    expect((await cli('cancel', 'email-none')).lines).toEqual([['shiftwork cancel', 'done', 'email-none', 0]]);
  });

  test('pauses of queues, contracts and groups', async () => {
    await enqueue('two@x');
    expect((await cli('pause', 'email', '--reason', 'a move', '--app', APP)).lines).toEqual([
      ['shiftwork pause', 'done', 'queue email', 1],
    ]);
    expect((await cli('resume', '--contract', 'letter', '--app', APP)).lines).toEqual([
      ['shiftwork resume', 'done', 'contract letter, queue email', 1],
    ]);
    expect((await cli('pause', 'emial', '--app', APP)).lines).toEqual([
      ['shiftwork pause', 'refused', 'queue emial', undefined],
    ]);
    expect((await cli('resume', 'email', '--app', APP)).code).toBe(0);
  });

  test('dead letters: what is done to a choice, also that it was begun; nothing of what is only rehearsed', async () => {
    const choice = ['dead-letters', 'discard', '--queue', 'email', '--name', 'letter', '--reason', 'old', '--app', APP];
    expect((await cli(...choice)).lines).toEqual([]);
    const of = 'queue email, name letter';
    const { lines, news } = await cli(...choice, '--yes');
    expect(lines).toEqual([
      ['shiftwork dead-letters discard', 'done', of, 0],
      ['shiftwork dead-letters discard', 'begun', of, undefined],
    ]);
    expect(news).toMatchObject([{ detail: { what: 'discard dead letters', reason: 'old', matched: 0 } }, {}]);
  });

  test('all that match, and what is erased: of tags the names with digests', async () => {
    const id = await enqueue('three@x');
    const all = [
      'find',
      '--contract',
      'letter',
      '--state',
      'delayed',
      '--do',
      'cancel',
      '--reason',
      'all',
      '--app',
      APP,
    ];
    expect((await cli(...all)).lines).toEqual([]);
    const done = await cli(...all, '--yes');
    expect(done.lines).toEqual([['shiftwork find --do cancel', 'done', 'contract letter, state delayed', undefined]]);
    expect(done.news).toMatchObject([{ detail: { reason: 'all', matched: expect.any(Number) } }]);
    expect(done.out).toContain('cancelled');
    expect(id).toMatch(/^email-/);
    const erased = await cli('erase', '--tag', `user=${PERSON}`, '--app', APP);
    expect(erased.lines).toEqual([
      ['shiftwork erase', 'done', expect.stringMatching(/^tag user \([\w-]{8,}\)$/), 0],
      ['shiftwork erase', 'begun', expect.stringMatching(/^tag user \([\w-]{8,}\)$/), undefined],
    ]);
    expect(JSON.stringify(erased.news)).not.toContain('lovelace');
  });

  test('schedules, tokens, orders to workers', async () => {
    expect((await cli('schedules', 'pause', 'ticks', '--app', SCHEDULES)).lines).toEqual([
      ['shiftwork schedules pause', 'done', 'ticks', 1],
    ]);
    expect((await cli('schedules', 'show', 'ticks', '--app', SCHEDULES)).lines).toEqual([]);
    const made = await cli('tokens', 'create', 'shop', '--scope', 'enqueue/letter', '--app', APP, '--json');
    expect(made.lines).toEqual([['shiftwork tokens create', 'done', 'shop: enqueue/letter', 1]]);
    const { token, id } = JSON.parse(made.out) as { readonly token: string; readonly id: string };
    // Instead of its id somebody pastes the whole of it.
    const wrong = await cli('tokens', 'revoke', token);
    expect([wrong.lines[0]?.[1], wrong.lines[0]?.[3]]).toEqual(['done', 0]);
    expect((await cli('tokens', 'revoke', id)).lines).toEqual([['shiftwork tokens revoke', 'done', id, 1]]);
    expect(JSON.stringify(await entries())).not.toContain(token);
    expect((await cli('workers', 'quiet', 'nobody')).lines).toEqual([['shiftwork workers quiet', 'done', 'nobody', 0]]);
  });
});
