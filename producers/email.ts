import { orderConfirmation, passwordReset, welcomeEmail } from '../jobs/index.ts';
import type { EnqueueOptions } from '../src/contracts/index.ts';
import type { Enqueuer, JobReceipt } from '../src/queue/index.ts';
import type { BatchOptions } from './batch-options.ts';

export interface WelcomeRecipient {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
}

export interface OrderReference {
  readonly orderId: string;
  readonly email: string;
}

export interface PasswordResetRequest {
  readonly email: string;
  readonly resetToken: string;
}

/** Email jobs for a web app. Each call resolves when the job is stored; see `Client.enqueue` for the errors. */
export interface EmailProducer {
  sendWelcomeEmail(user: WelcomeRecipient, options?: EnqueueOptions): Promise<JobReceipt>;
  sendWelcomeEmails(users: readonly WelcomeRecipient[], options?: BatchOptions): Promise<readonly JobReceipt[]>;
  /** Outranks the other emails. The order itself is loaded when the job runs: store it first. */
  sendOrderConfirmation(order: OrderReference, options?: EnqueueOptions): Promise<JobReceipt>;
  sendOrderConfirmations(orders: readonly OrderReference[], options?: BatchOptions): Promise<readonly JobReceipt[]>;
  /** Dropped as expired when it cannot start within the link's life. */
  sendPasswordReset(request: PasswordResetRequest, options?: EnqueueOptions): Promise<JobReceipt>;
  sendPasswordResets(requests: readonly PasswordResetRequest[], options?: BatchOptions): Promise<readonly JobReceipt[]>;
}

export function createEmailProducer(client: Enqueuer): EmailProducer {
  return {
    sendWelcomeEmail: ({ userId, email, name }, options) =>
      client.enqueue(welcomeEmail, { userId, email, name }, options),
    sendWelcomeEmails: (users, options) =>
      client.enqueueMany(users.map(({ userId, email, name }) => welcomeEmail({ userId, email, name }, options))),
    sendOrderConfirmation: ({ orderId, email }, options) =>
      client.enqueue(orderConfirmation, { orderId, email }, options),
    sendOrderConfirmations: (orders, options) =>
      client.enqueueMany(orders.map(({ orderId, email }) => orderConfirmation({ orderId, email }, options))),
    sendPasswordReset: ({ email, resetToken }, options) =>
      client.enqueue(passwordReset, { email, resetToken }, options),
    sendPasswordResets: (requests, options) =>
      client.enqueueMany(requests.map(({ email, resetToken }) => passwordReset({ email, resetToken }, options))),
  };
}
