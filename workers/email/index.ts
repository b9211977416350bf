export { emailHandlers, sendOrderConfirmation, sendPasswordReset, sendWelcomeEmail } from './handlers.ts';
export { createMailer, mailer } from './mailer.ts';
export { createOrderStore, type Order, type OrderItem, type OrderStore, type StoredOrder } from './order-store.ts';
