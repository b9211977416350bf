import { Pool } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { Bank } from '../../../examples/bank/bank.ts';
import { Facts } from '../../facts/index.ts';
import { freshDatabase } from '../../../tests/support/engines.ts';
import type { Terminal } from '../../command/index.ts';
import { runCli } from '../../cli/run-cli.ts';

const APP = 'examples/bank/bank.config.ts';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function setup() {
  const database = await freshDatabase();
  const pool = new Pool({ connectionString: database.url, max: 5 });
  pool.on('error', () => undefined);
  cleanups.push(
    () => database.drop(),
    () => pool.end(),
  );
  const run = async (...args: string[]) => {
    const lines: string[] = [];
    const terminal: Terminal = {
      variables: { DATABASE_URL: database.url },
      print: line => void lines.push(line),
      complain: line => void lines.push(line),
      readInput: async () => '',
      readSecret: async () => '',
    };
    return { code: await runCli([...args, '--app', APP], terminal), lines };
  };
  return { pool, run };
}

describe('shiftwork projections', () => {
  test('are made by migrate, listed, and rebuilt beside the live ones', async () => {
    const { pool, run } = await setup();
    const migrated = await run('migrate');
    expect(migrated).toMatchObject({ code: 0, lines: expect.arrayContaining(['projections: tables are up to date']) });
    const bank = new Bank(pool, new Facts());
    await bank.open({ ownerId: 'ada', ownerName: 'Ada', initialBalance: 5, currency: 'EUR' }, {});
    await bank.store.settle();
    const before = await run('projections', '--json');
    expect(JSON.parse(before.lines.join('\n'))).toMatchObject([
      { name: 'accounts', position: 0, lagEvents: 1 },
      { name: 'owners' },
      { name: 'transfers' },
    ]);
    expect(await run('projections', 'rebuild', 'accounts')).toMatchObject({
      code: 0,
      lines: expect.arrayContaining(['accounts: rebuilt from 1 events, live at position 1']),
    });
    const { rows } = await pool.query('select owner_name from read_accounts.account');
    expect(rows).toEqual([{ owner_name: 'Ada' }]);
    expect((await run('projections')).lines[1]).toContain('accounts');
    expect(await run('projections', 'parked', 'owners', '--json')).toEqual({ code: 0, lines: ['[]'] });
    expect(await run('projections', 'retry', 'owners')).toMatchObject({ code: 0 });
    expect(await run('projections', 'resume', 'owners')).toMatchObject({ code: 0 });
  });

  test('whose tables are of another release say what they wait for', async () => {
    const { pool, run } = await setup();
    await run('migrate');
    await pool.query(`update shiftwork_events.projection set shape = 7 where name = 'owners'`);
    const { lines } = await run('projections');
    expect(lines.find(line => line.startsWith('owners'))).toContain('another shape: rebuild it');
    expect(lines.find(line => line.startsWith('accounts'))).not.toContain('another shape');
    await run('projections', 'rebuild', 'owners');
    expect((await run('projections')).lines.join('\n')).not.toContain('another shape');
  });

  test('say what is wrong: a name, a word, an app without an event store', async () => {
    const { run } = await setup();
    expect(await run('projections')).toMatchObject({ code: 1, lines: [expect.stringContaining('shiftwork migrate')] });
    await run('migrate');
    const unknown = await run('projections', 'rebuild', 'nothing');
    expect(unknown).toMatchObject({ code: 1, lines: [expect.stringContaining('accounts, owners, transfers')] });
    expect((await run('projections', 'rebuild')).code).toBe(2);
    expect((await run('projections', 'dance')).code).toBe(2);
  });
});
