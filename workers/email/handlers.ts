import { newsletterLetter, orderConfirmation, passwordReset, welcomeEmail } from '../../jobs/index.ts';
import { dead, handle } from '../../src/contracts/index.ts';
import { orLater } from '../database-away.ts';
import { appAddress } from './app-address.ts';
import { mailer } from './mailer.ts';
import { orders } from './order-store.ts';
import { newsletter } from './templates/newsletter.ts';
import { orderConfirmationMail } from './templates/order-confirmation.ts';
import { passwordResetMail } from './templates/password-reset.ts';
import { welcome } from './templates/welcome.ts';

// All are sent again when it is not known whether they went out: the Message-ID shows a mailbox that it is the same
// mail, and a second copy does no harm.

export const sendWelcomeEmail = handle(welcomeEmail, { mailer, appAddress }, async (data, run, needs) => {
  const content = welcome({ name: data.name, appUrl: needs.appAddress.link('/') });
  await needs.mailer.send(content, { to: data.email, effectId: run.effectId, signal: run.signal });
});

export const sendOrderConfirmation = handle(orderConfirmation, { mailer, orders }, async (data, run, needs) => {
  run.progress({ step: 'reading the order' });
  const order = await orLater(needs.orders.find(data.orderId));
  // It was stored before the job was queued: waiting cannot bring it back.
  if (order === undefined) return dead(`order ${data.orderId} does not exist`);
  run.progress({ step: 'handing over the mail' });
  await needs.mailer.send(orderConfirmationMail(order), { to: data.email, effectId: run.effectId, signal: run.signal });
  run.progress({ step: 'on its way' });
  return undefined;
});

export const sendPasswordReset = handle(passwordReset, { mailer, appAddress }, async (data, run, needs) => {
  const resetUrl = needs.appAddress.link(`/reset?token=${encodeURIComponent(data.resetToken)}`);
  const content = passwordResetMail({ resetUrl, life: 'one hour' });
  await needs.mailer.send(content, { to: data.email, effectId: run.effectId, signal: run.signal });
});

const sendNewsletterLetter = handle(newsletterLetter, { mailer, appAddress }, async (data, run, needs) => {
  const content = newsletter({ title: data.title, appUrl: needs.appAddress.link('/') });
  await needs.mailer.send(content, { to: data.email, effectId: run.effectId, signal: run.signal });
});

export const emailHandlers = [
  sendWelcomeEmail,
  sendOrderConfirmation,
  sendPasswordReset,
  sendNewsletterLetter,
] as const;
