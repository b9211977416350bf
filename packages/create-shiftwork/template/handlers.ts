import { handle } from 'shiftwork';
import { welcomeEmail } from './jobs.ts';

/** Does the work, in a worker. A provider that takes an idempotency key gets `run.effectId`: it is the same at every attempt. */
export const sendWelcomeEmail = handle(welcomeEmail, async ({ userId }, run) => {
  console.log(`A welcome to ${userId}, attempt ${run.attempt}.`);
});
