import { Pool } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { Bank } from '../../../examples/bank/bank.ts';
import { freshDatabase } from '../../../tests/support/engines.ts';
import type { Variables } from '../../config/index.ts';
import { defineJob } from '../../contracts/index.ts';
import { Facts } from '../../facts/index.ts';
import { Outbox } from '../../outbox/index.ts';
import { connect } from '../../queue/index.ts';
import { runCli } from '../run-cli.ts';
import { inTransaction } from '../../../tests/support/in-transaction.ts';

const BANK = ['--app', 'examples/bank/bank.config.ts'];
const SECRET = 's'.repeat(32);
const mail = defineJob({
  queue: 'email',
  name: 'mail',
  schema: z.object({ user: z.string() }),
  tags: ({ user }) => ({ user }),
});
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function cli(variables: Variables, ...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(args, {
    variables: { ...variables, USER: 'ann' },
    print: line => void out.push(line),
    complain: line => void err.push(line),
    readInput: async () => '',
    readSecret: async () => '',
  });
  return { code, out, err: err.join('\n') };
}

test('the command erases jobs, schedules, entries of the outbox and events of a person, says how many and what it does not reach, and what is on record', async () => {
  const { url, drop } = await freshDatabase();
  const variables = { DATABASE_URL: url, SHIFTWORK_SECRET: SECRET };
  const pool = new Pool({ connectionString: url, max: 3 });
  pool.on('error', () => undefined);
  cleanups.push(drop, () => pool.end());
  expect(await cli(variables, 'migrate', ...BANK)).toMatchObject({ code: 0 });
  const client = connect({ postgres: url, secret: SECRET });
  cleanups.push(() => client.close());
  for (const user of ['lovelace', 'bob']) {
    await client.enqueue(mail, { user }, { delay: '1h' });
    await client.schedules.upsert(`digest:${user.length}`, { job: mail({ user }), every: '1h' });
    await inTransaction(pool, tx => new Outbox({ secret: SECRET }).enqueue(tx, mail, { user }));
  }
  const bank = new Bank(pool, new Facts());
  await bank.open({ ownerId: 'lovelace', ownerName: 'Ada', initialBalance: 5, currency: 'EUR' }, {});
  await bank.store.settle();

  const erase = (...args: string[]) => cli(variables, 'erase', '--tag', 'user=lovelace', ...args);
  const first = await erase('--subject', 'lovelace', ...BANK);
  expect(first.code).toBe(0);
  expect(first.err).not.toContain('lovelace');
  expect(first.out[0]).toContain(
    '1 waiting, 0 running, 0 succeeded, 0 dead; 0 results, 0 steps, 0 log lines, 0 lines of the journal, 1 schedules, 1 events, 1 jobs of the outbox',
  );
  expect(first.out.filter(line => line.startsWith('not reached')).join()).toContain('Backups');
  expect(first.out.join()).not.toContain('lovelace');
  // Without the person's key there is no event to speak of.
  const again = JSON.parse((await erase('--json')).out.join(''));
  expect(again).toMatchObject({ erased: { waiting: 0, schedules: 0, events: 0 }, outbox: 0, left: [] });
  expect(again.notReached.join()).toContain('--subject');
  expect((await client.schedules.list()).schedules.map(({ name }) => name)).toEqual(['digest:3']);
  const records = await cli(variables, 'erase', '--records');
  expect(records.out).toEqual([expect.stringContaining('user: 0 waiting'), expect.stringContaining('user: 1 waiting')]);
  expect(records.out.join()).toContain('1 events');
  expect(records.out.join()).not.toContain('lovelace');
});

test('what cannot be done as it was asked is wrong use, and nothing is erased', async () => {
  const away = { REDIS_URL: 'redis://127.0.0.1:1' };
  for (const [args, complaint] of [
    [['erase'], '--tag NAME=VALUE'],
    [['erase', '--tag', 'user'], '--tag as NAME=VALUE'],
    [['erase', '--tag', 'user=u', '--running', 'stop'], 'cancel or wait'],
    [['erase', '--tag', 'user=u', '--timeout', 'soon'], '--timeout such as 30s'],
    [['erase', '--tag', 'user=u', '--subject', 'u', ...BANK], 'DATABASE_URL beside --subject'],
  ] as const)
    expect(await cli(away, ...args)).toMatchObject({ code: 2, err: expect.stringContaining(complaint) });
});
