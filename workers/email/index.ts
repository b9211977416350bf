export { classifyMailError } from './classify.ts';
export { emailHandlers, sendOrderConfirmation, sendPasswordReset, sendWelcomeEmail } from './handlers.ts';
export { createMailer, mailer, type MailContent, type Mailer, type SendOptions } from './mailer.ts';
export {
  createOrderStore,
  orders,
  type Order,
  type OrderItem,
  type OrderStore,
  type StoredOrder,
} from './order-store.ts';
