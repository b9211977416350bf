import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { damageLetter, DAMAGES } from '../../tests/support/damaged-letters.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { engineCases, type EngineFixture } from '../../tests/support/engines.ts';
import sampleApp from '../../tests/support/sample-app.config.ts';
import { seedLetters } from '../../tests/support/seed-letters.ts';
import { runCli } from '../cli/run-cli.ts';
import { openEngine, type Engine } from '../engine/index.ts';
import { DeadLetters } from './dead-letters.ts';

const APP = fileURLToPath(new URL('../../tests/support/sample-app.config.ts', import.meta.url));

/** What another program has written is anything; `letter` has sensitive fields, so its data is walked for them. */
describe.each(engineCases)('damaged dead letters on $kind', ({ kind, open }) => {
  const damages = DAMAGES.filter(damage => damage[kind] !== undefined);
  let fixture: EngineFixture;
  let engine: Engine;
  let dashboard: TestDashboard;
  let letters: DeadLetters;
  let sound = '';
  let all: readonly string[] = [];

  beforeAll(async () => {
    ({ fixture, engine, letters, all } = await damagedFixture());
    [sound = ''] = all;
    dashboard = await openTestDashboard({ fixture });
  });
  afterAll(async () => {
    await dashboard.close();
    await engine.close(2_000);
    await fixture.cleanup();
  });

  /** A sound letter first, and one of each damage behind it. */
  async function damagedFixture() {
    const there = await open();
    const worker = openEngine({ url: there.url, namespace: there.namespace, role: 'worker' });
    await worker.migrate();
    await worker.queue('email');
    const seeded = await seedLetters(there, 'email', damages.length + 1, () => ({
      name: 'letter',
      data: '{"to":"hunter2@example.com","body":"x"}',
      reason: 'no mailbox hunter2@example.com',
    }));
    for (const [at, damage] of damages.entries()) await damageLetter(there, 'email', seeded[at + 1] ?? '', damage);
    return {
      fixture: there,
      engine: worker,
      all: seeded.map(id => `email/${id}`),
      letters: new DeadLetters({ engine: worker, app: sampleApp }),
    };
  }

  const ids = async (filter = {}): Promise<readonly string[]> =>
    (await letters.list(filter, 1_000)).map(({ id }) => id).toSorted();
  const cli = async (...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> => {
    const lines: string[] = [];
    const variables = {
      [kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL']: fixture.url,
      SHIFTWORK_NAMESPACE: fixture.namespace,
    };
    const print = (line: string): void => void lines.push(line);
    const code = await runCli(['dead-letters', ...args, '--app', APP], {
      variables,
      print,
      complain: print,
      readInput: async () => '',
      readSecret: async () => '',
    });
    return { code, out: lines.join('\n') };
  };
  const page = async (path: string): Promise<{ readonly status: number; readonly text: string }> => {
    const headers = { cookie: await dashboard.cookieOf('viewer'), accept: 'text/html' };
    const answer = await dashboard.send(path, { headers });
    return { status: answer.status, text: await answer.text() };
  };

  test('every one is listed, the sound one as it is', async () => {
    expect(await ids()).toEqual(all);
    expect(await ids({ name: 'letter' })).toContain(sound);
    const [letter] = await letters.list({ ids: [sound] });
    expect(letter).toMatchObject({ reason: 'no mailbox [redacted]', damaged: undefined });
  });

  test('every one is counted under a cause', async () => {
    const groups = await letters.groups();
    expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
    for (const { fingerprint, count } of groups) expect(await ids({ fingerprint })).toHaveLength(count);
  });

  test.each(damages.map((damage, at) => ({ damage, at, what: damage.what })))(
    'one can be shown: $what',
    async ({ damage, at }) => {
      const id = all[at + 1] ?? '';
      const letter = await letters.show(id);
      expect(letter?.id).toBe(id);
      expect(letter?.damaged !== undefined).toBe(damage.marked.includes(kind));
      expect(JSON.stringify(letter).length).toBeLessThan(1_000_000);
      // What data that is gone held cannot be known, nor what is sensitive in a job without its name.
      expect(isKnown(damage[kind]) && JSON.stringify(letter).includes('hunter2')).toBe(false);
      expect((await page(`/dead-letters/${encodeURIComponent(id)}`)).status).toBe(200);
      expect(await cli('show', id)).toMatchObject({ code: letter?.reason === letter?.damaged ? 1 : 0 });
    },
  );

  test('the pages of causes and of each cause are whole', async () => {
    const groups = await page('/dead-letters?all=yes');
    expect(groups.status).toBe(200);
    expect(groups.text).toContain('no mailbox [redacted]');
    let shown = '';
    for (const [, cause] of groups.text.matchAll(/\/dead-letters\?cause=([\w%-]+)/g)) {
      const list = await page(`/dead-letters?cause=${cause}`);
      expect(list.status).toBe(200);
      shown += list.text;
    }
    for (const id of all) expect(shown).toContain(id);
    expect(dashboard.failures).toEqual([]);
  });

  test('the command lists all, and the causes', async () => {
    const list = await cli('list', '--limit', '1000');
    // In one look: where it fails, what it said is shown.
    expect(list).toEqual({ code: 0, out: expect.any(String) });
    for (const id of all) expect(list.out).toContain(id);
    expect(await cli('groups')).toMatchObject({ code: 0, out: expect.stringContaining('no mailbox [redacted]') });
  });

  test('a dry replay says of each what becomes of it, and a discard by cause takes away what did not run again', async () => {
    const own = await damagedFixture();
    onTestFinished(async () => {
      await own.engine.close(2_000);
      await own.fixture.cleanup();
    });
    const left = async (): Promise<readonly string[]> =>
      (await own.letters.list({}, 1_000)).map(({ id }) => id).toSorted();
    const { matched, done, skipped } = await own.letters.replay({}, { by: 'test', dryRun: true });
    expect(matched).toBe(own.all.length);
    expect([...done, ...skipped.map(({ id }) => id)].toSorted()).toEqual(own.all);
    expect(done).toContain(own.all[0]);
    const replayed = await own.letters.replay({}, { by: 'test', perSecond: 1_000 });
    expect(replayed.done).toContain(own.all[0]);
    // A replay that cannot be noted is refused.
    const noLog = damages.findIndex(damage => damage[kind]?.['~logs'] !== undefined);
    const refused = noLog === -1 ? [] : [own.all[noLog + 1]];
    expect([...replayed.done, ...refused].toSorted()).toEqual(done.toSorted());
    expect(await left()).toEqual([...skipped.map(({ id }) => id), ...refused].toSorted());
    const kept: string[] = [];
    for (const { fingerprint } of await own.letters.groups()) {
      const report = await own.letters.discard({ fingerprint }, { by: 'test', reason: 'damaged' });
      kept.push(...report.skipped.map(({ id }) => id));
    }
    // BullMQ's own removal refuses a key that holds no job: that it stands there is said.
    const noJob = damages.findIndex(damage => damage[kind]?.['~text'] !== undefined);
    expect(kept).toEqual(noJob === -1 ? [] : [own.all[noJob + 1]]);
    expect(await left()).toEqual(kept);
  });
});

function isKnown(fields: Readonly<Record<string, unknown>> = {}): boolean {
  return !('name' in fields) && (!('data' in fields) || String(fields['data']).includes('hunter2'));
}
