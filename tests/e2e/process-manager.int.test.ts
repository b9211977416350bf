import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { streamOf } from '../../examples/bank/account-stream.ts';
import { defineApp } from '../../src/contracts/index.ts';
import { forwardEvents, migrateEventStore, Projections } from '../../src/event-store/index.ts';
import { migrateOutbox, Outbox, Relay } from '../../src/outbox/index.ts';
import { runHandler } from '../../src/testing/index.ts';
import { openBanks, paymentSent, settlePayment, settleWhatIsSent, type Payment } from '../support/apps/payments.ts';
import { startProcess } from '../support/child-process.ts';
import { engineCases, freshDatabase, type FreshDatabase } from '../support/engines.ts';
import { program } from '../support/programs.ts';
import { runApp } from '../support/running-app.ts';
import { waitFor } from '../support/wait-for.ts';

const DYING_PAYMENT = program('tests/support/apps/dying-payment.ts');

let database: FreshDatabase;
let pool: Pool;
let banks: ReturnType<typeof openBanks>;
beforeAll(async () => {
  database = await freshDatabase();
  pool = new Pool({ connectionString: database.url, max: 20 });
  pool.on('error', () => undefined);
  for (const namespace of ['here', 'there']) await migrateEventStore(pool, namespace);
  await migrateOutbox(pool);
  banks = openBanks(pool);
});
afterAll(async () => {
  await Promise.all([banks.here.settle(), banks.there.settle()]);
  await pool.end();
  await database.drop();
});

/** Two accounts, and a payment between them that was sent. The other bank refuses what comes in another currency. */
async function send(currency: 'EUR' | 'USD' = 'EUR'): Promise<{ payment: Payment; position: number }> {
  const payment = { id: randomUUID(), from: randomUUID(), to: randomUUID(), amount: 10, currency: 'EUR' };
  const opening = { type: 'open', ownerId: 'ada', ownerName: 'Ada' } as const;
  await banks.accountsHere.execute(streamOf(payment.from), { ...opening, initialBalance: 100, currency: 'EUR' });
  await banks.accountsThere.execute(streamOf(payment.to), { ...opening, initialBalance: 0, currency });
  return { payment, position: await banks.send(payment) };
}

async function balances({ from, to }: Payment): Promise<readonly unknown[]> {
  const sides = [await banks.accountsHere.load(streamOf(from)), await banks.accountsThere.load(streamOf(to))];
  return sides.map(({ state }) => (state.status === 'none' ? undefined : state.balance));
}

describe.each([
  ['arrives', 'EUR', [90, 10]],
  ['is refused and given back', 'USD', [100, 0]],
] as const)('a payment to another bank that %s', (_, currency, end) => {
  const settleIn = (payment: Payment, env: Record<string, string>) =>
    startProcess(DYING_PAYMENT, {
      env: { DATABASE_URL: database.url, PAYMENT: JSON.stringify(payment), JOB_ID: `job-${payment.id}`, ...env },
    });

  test('does so once, though its job is killed at every statement and runs again each time', async () => {
    const whole = settleIn((await send(currency)).payment, { DIE_AT: '0' });
    const steps = Number(/succeeded after (\d+)/.exec(await whole.line(/statements/))?.[1]);
    expect(steps).toBeGreaterThanOrEqual(3);
    // Before each statement is sent, and after the last one was.
    const deaths = [
      ...Array.from({ length: steps }, (__, n) => ({ DIE_AT: String(n + 1), DIE: 'before' })),
      { DIE_AT: String(steps), DIE: 'sent' },
    ].values();
    const work = async (): Promise<void> => {
      for (const death of deaths) {
        const { payment } = await send(currency);
        // On its way, there, or back: the money is never in both places.
        expect(await settleIn(payment, death).ended).toBe('SIGKILL');
        expect([[90, 0], end]).toContainEqual(await balances(payment));
        const run = { jobId: `job-${payment.id}`, effectId: `job-${payment.id}` };
        for (let again = 0; again < 2; again += 1) {
          // The database may still be at the dead process's last statement: then this run is one to repeat.
          await waitFor('the payment to be settled', async () => {
            const { kind } = await runHandler(banks.settle, payment, { run });
            return kind === 'succeeded';
          });
          expect(await balances(payment)).toEqual(end);
        }
      }
    };
    await Promise.all([work(), work(), work()]);
  });
});

test('what was sent becomes a job by way of the outbox, and the job ends with the money in one place', async () => {
  const [, postgres] = engineCases;
  if (postgres === undefined) throw new Error('Expected two engines.');
  const app = await runApp(postgres, defineApp({ jobs: [settlePayment], handlers: [banks.settle] }));
  const forward = forwardEvents({
    name: 'to_jobs',
    events: [paymentSent],
    outbox: new Outbox(),
    reactions: [settleWhatIsSent],
  });
  const projections = new Projections({ store: banks.here, projections: [forward], pollEvery: 20 });
  const relay = new Relay({ pool, engine: app.engine, pollEveryMs: 20 });
  try {
    await projections.prepare();
    projections.start();
    relay.start();
    const [paid, refused] = [await send('EUR'), await send('USD')];
    await waitFor('both to be settled', async () => {
      const sides = [await balances(paid.payment), await balances(refused.payment)];
      return JSON.stringify(sides) === '[[90,10],[100,0]]';
    });
    for await (const event of banks.there.readStream(streamOf(paid.payment.to), { from: 2 })) {
      // From the request to the other bank: one story.
      expect(event.metadata.causationId).toContain('payments');
    }
  } finally {
    await relay.stop();
    await projections.stop();
    await app.stop();
  }
});
