import { identify, track, trackBatch } from './analytics.ts';
import { newsletterLetter, orderConfirmation, passwordReset, welcomeEmail } from './email.ts';
import { inApp, webhook, webPush } from './notification.ts';

/** Every contract of this app. */
export const catalogue = [
  welcomeEmail,
  orderConfirmation,
  passwordReset,
  newsletterLetter,
  track,
  identify,
  trackBatch,
  webhook,
  webPush,
  inApp,
] as const;

export {
  events,
  orderPlaced,
  orderShipped,
  paymentFailed,
  paymentReceived,
  userRegistered,
  userUpdated,
} from './events.ts';
export { reactions } from './reactions.ts';
export { RESET_LINK_LIFE } from './email.ts';
export { emailAddress, personName } from './fields.ts';
export {
  identify,
  inApp,
  newsletterLetter,
  orderConfirmation,
  passwordReset,
  track,
  trackBatch,
  webhook,
  webPush,
  welcomeEmail,
};
