import type * as StandardWebhooks from 'standardwebhooks';
import { defineResource } from '../../src/contracts/index.ts';
import { requireOptional } from '../../src/errors/index.ts';
import { post, type AllowedHosts, type Resolver } from '../http/index.ts';
import { readAllowedHosts } from './allowed-hosts.ts';

export interface WebhookMessage {
  readonly url: string;
  readonly eventType: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The same for every try: receivers drop what they have seen. */
  readonly id: string;
  readonly occurredAt: Date;
}

export interface WebhookSender {
  /** @throws DeliveryError */
  send(message: WebhookMessage, signal: AbortSignal): Promise<void>;
}

/** Signs and posts by the Standard Webhooks scheme. */
export function createWebhookSender(secret: string, allowed: AllowedHosts, resolve?: Resolver): WebhookSender {
  const { Webhook } = requireOptional<typeof StandardWebhooks>('standardwebhooks', 'signed webhooks');
  const signer = new Webhook(secret);
  return {
    async send({ url, eventType, payload, id, occurredAt }, signal) {
      const body = JSON.stringify({ type: eventType, timestamp: occurredAt.toISOString(), data: payload });
      // Of this try, not of the event: receivers refuse old signatures.
      const now = new Date();
      await post(
        {
          url: new URL(url),
          body,
          signal,
          headers: {
            'content-type': 'application/json',
            'webhook-id': id,
            'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
            'webhook-signature': signer.sign(id, now, body),
          },
        },
        { reach: { allowed, ...(resolve !== undefined && { resolve }) } },
      );
    },
  };
}

const SECRET = /^whsec_(?:[A-Za-z0-9+/]{4}){6,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const webhookSender = defineResource<{ readonly secret: string; readonly allowed: AllowedHosts }, WebhookSender>(
  {
    name: 'webhook sender',
    configure(environment, { neededBy }) {
      const secret = environment.required('WEBHOOK_SECRET', neededBy);
      if (secret !== '' && !SECRET.test(secret)) {
        environment.problem(
          'Expected WEBHOOK_SECRET to be "whsec_" and at least 18 bytes in base64, got something else.',
        );
      }
      return { secret, allowed: readAllowedHosts(environment) };
    },
    open: ({ secret, allowed }) => createWebhookSender(secret, allowed),
  },
);
