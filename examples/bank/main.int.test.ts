import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { startProcess } from '../../tests/support/child-process.ts';
import { freshDatabase } from '../../tests/support/engines.ts';
import { freePort } from '../../tests/support/free-port.ts';
import { PATIENT, waitFor } from '../../tests/support/wait-for.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const STARTER = fileURLToPath(new URL('../../local/bank.ts', import.meta.url));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

describe('the bank as a program', () => {
  test('names every fault of its environment at once and ends with 2', async () => {
    const bank = startProcess(MAIN, { env: { BANK_PORT: 'x', LOG_LEVEL: 'loud' } });
    expect(await bank.ended).toBe(2);
    const said = bank.lines.join('\n');
    for (const name of ['BANK_PORT', 'DATABASE_URL', 'LOG_LEVEL']) expect(said).toContain(`Expected ${name} to be`);
  });

  test('npm run bank makes its tables, says ready, serves, and ends with 0 on SIGTERM', async () => {
    const database = await freshDatabase();
    cleanups.push(() => database.drop());
    const port = await freePort();
    const bank = startProcess(STARTER, { env: { BANK_PORT: String(port), DATABASE_URL: database.url } });
    cleanups.push(() => bank.kill('SIGKILL'));
    await bank.line(/^ready$/);
    const opened = await fetch(`http://127.0.0.1:${port}/accounts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ownerId: 'ada', initialBalance: 10, currency: 'EUR' }),
    });
    const { accountId, position } = (await opened.json()) as { accountId: string; position: number };
    const account = await waitFor('the read model to have it', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/accounts/${accountId}?atLeast=${position}`);
      return answer.status !== 503 && answer;
    });
    expect(await account.json()).toMatchObject({ balance: 10, ownerName: 'Unknown' });
    // More at once than it has connections.
    const many = Array.from({ length: 40 }, async (_, n) => {
      const answer = await fetch(`http://127.0.0.1:${port}/accounts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': `open-${n}` },
        body: JSON.stringify({ ownerId: `owner-${n}`, initialBalance: 10, currency: 'EUR' }),
      });
      return answer.status;
    });
    expect(new Set(await Promise.all(many))).toEqual(new Set([201]));
    bank.kill('SIGTERM');
    expect(await bank.ended).toBe(0);
  });

  test('does not outlive a starter that is killed', async () => {
    const database = await freshDatabase();
    cleanups.push(() => database.drop());
    const port = await freePort();
    const starter = startProcess(STARTER, { env: { BANK_PORT: String(port), DATABASE_URL: database.url } });
    cleanups.push(() => starter.kill('SIGKILL'));
    await starter.line(/^ready$/);
    starter.kill('SIGKILL');
    await starter.ended;
    await vi.waitFor(() => expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow('fetch failed'), PATIENT);
  });
});
