import type { Pool } from 'pg';
import { z } from 'zod';
import { account } from '../../../examples/bank/account.ts';
import { streamOf } from '../../../examples/bank/account-stream.ts';
import { bankEvents } from '../../../examples/bank/events.ts';
import { RuleBroken } from '../../../examples/bank/rule-broken.ts';
import { defineEvent, defineJob, handle, react } from '../../../src/contracts/index.ts';
import { EventStore, Repository } from '../../../src/event-store/index.ts';
import { exponential } from '../../../src/resilience/index.ts';

/**
 * Payments from one bank to another: two stores, so no append holds both sides. A process manager, then: that it was sent is the fact, a
 * job follows from it, and the job ends with the money there or back here.
 */
const payment = { id: z.string(), from: z.string(), to: z.string(), amount: z.int(), currency: z.string() };

export const paymentSent = defineEvent('payment.sent', { schema: z.object(payment) });
export const paymentRefused = defineEvent('payment.refused', { schema: z.object({ why: z.string() }) });
export const settlePayment = defineJob({
  queue: 'payments',
  name: 'settle-payment',
  schema: z.object(payment),
  retry: { attempts: 10, backoff: exponential({ from: '10ms', to: '100ms' }) },
});
export const settleWhatIsSent = react(paymentSent, 'settle-payment', ({ payload }) => [settlePayment(payload)]);

export type Payment = z.output<typeof settlePayment.schema>;

/** The bank that pays, and the one that is paid. */
export function openBanks(pool: Pool) {
  const here = new EventStore({ pool, namespace: 'here', events: [...bankEvents, paymentSent, paymentRefused] });
  const there = new EventStore({ pool, namespace: 'there', events: bankEvents });
  const [accountsHere, accountsThere] = [new Repository(here, account), new Repository(there, account)];
  return {
    here,
    there,
    accountsHere,
    accountsThere,
    /** The withdrawal and the payment are one append: both, or neither. */
    async send(sent: Payment): Promise<number> {
      const { id, from, to, amount } = sent;
      const { state, version } = await accountsHere.load(streamOf(from));
      const transfer = { id, toAccountId: to };
      const events = account.decide({ type: 'withdraw', amount, description: '', transfer }, state);
      const { position } = await here.appendAll([
        { stream: streamOf(from), events, expectedVersion: version },
        { stream: `payment-${id}`, events: [paymentSent(sent)], expectedVersion: 'no-stream' },
      ]);
      return position;
    },
    settle: handle(settlePayment, async ({ id, from, to, amount, currency }, run) => {
      // Refused is for ever: whatever the other bank would say by now, the money is back.
      if ((await here.streamVersion(`payment-${id}`)) > 1) return;
      try {
        const transfer = { id, fromAccountId: from, currency };
        await accountsThere.execute(
          streamOf(to),
          { type: 'deposit', amount, description: '', transfer },
          // The job's own id: however often it runs, the money arrives once.
          { commandId: run.effectId },
        );
      } catch (error) {
        if (!(error instanceof RuleBroken)) throw error;
        const { state, version } = await accountsHere.load(streamOf(from));
        const events = account.decide({ type: 'deposit', amount, description: `Refused: ${error.message}` }, state);
        await here.appendAll([
          { stream: streamOf(from), events, expectedVersion: version },
          { stream: `payment-${id}`, events: [paymentRefused({ why: error.message })], expectedVersion: 1 },
        ]);
      }
    }),
  };
}
