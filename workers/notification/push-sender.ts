import webPush from 'web-push';
import { defineResource } from '../../src/contracts/index.ts';
import { DeliveryError } from '../../src/errors/index.ts';
import { checkTarget, post, type AllowedHosts, type Resolver } from '../http/index.ts';
import { readAllowedHosts } from './allowed-hosts.ts';

export interface PushMessage {
  readonly subscription: {
    readonly endpoint: string;
    readonly keys: { readonly p256dh: string; readonly auth: string };
  };
  readonly notification: Readonly<Record<string, unknown>>;
  /** Seconds. */
  readonly ttl: number;
}

export interface PushSender {
  /** @throws DeliveryError; permanent when the subscription is gone */
  send(message: PushMessage, signal: AbortSignal): Promise<void>;
}

export interface VapidKeys {
  readonly subject: string;
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Encrypts (RFC 8291), identifies itself (RFC 8292) and posts to the push service. */
export function createPushSender(vapidDetails: VapidKeys, allowed: AllowedHosts, resolve?: Resolver): PushSender {
  return {
    async send({ subscription, notification, ttl }, signal) {
      const url = new URL(subscription.endpoint);
      // Before anything is encrypted or signed for it.
      checkTarget(url, allowed);
      const request = webPush.generateRequestDetails(subscription, JSON.stringify(notification), {
        vapidDetails,
        TTL: ttl,
        contentEncoding: 'aes128gcm',
      });
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
      );
      try {
        await post(
          { url, headers, body: request.body ?? Buffer.alloc(0), signal },
          { reach: { allowed, ...(resolve !== undefined && { resolve }) } },
        );
      } catch (error) {
        if (error instanceof DeliveryError && /answered (404|410)/.test(error.message)) {
          throw new DeliveryError('permanent', 'The push subscription is gone: remove it.', {
            destination: url.host,
            cause: error,
          });
        }
        throw error;
      }
    },
  };
}

export const pushSender = defineResource<{ readonly keys: VapidKeys; readonly allowed: AllowedHosts }, PushSender>({
  name: 'push sender',
  configure(environment, { neededBy }) {
    const keys = {
      publicKey: environment.required('VAPID_PUBLIC_KEY', neededBy),
      privateKey: environment.required('VAPID_PRIVATE_KEY', neededBy),
      subject: environment.required('VAPID_SUBJECT', neededBy),
    };
    if (keys.publicKey !== '' && keys.privateKey !== '' && keys.subject !== '') {
      try {
        webPush.setVapidDetails(keys.subject, keys.publicKey, keys.privateKey);
      } catch {
        // The library's message repeats the key.
        environment.problem(
          'Expected VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY to be a key pair in base64url and VAPID_SUBJECT a mailto: or https: address.',
        );
      }
    }
    return { keys, allowed: readAllowedHosts(environment) };
  },
  open: ({ keys, allowed }) => createPushSender(keys, allowed),
});
