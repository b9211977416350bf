import type WebPush from 'web-push';
import type { RequestDetails } from 'web-push';
import { defineResource } from '../../src/contracts/index.ts';
import { requireOptional } from '../../src/errors/index.ts';
import { DeliveryError, isDeliveryError } from '../../src/resilience/index.ts';
import { checkTarget, post, type AllowedHosts, type Resolver } from '../http/index.ts';
import { readAllowedHosts } from './allowed-hosts.ts';

export interface PushMessage {
  /** The app's own id of the subscription: said when it is gone, so that the app can remove it. */
  readonly subscriptionId?: string | undefined;
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
  const webPush = requireOptional<typeof WebPush>('web-push', 'web push');
  return {
    async send({ subscription, subscriptionId, notification, ttl }, signal) {
      const url = new URL(subscription.endpoint);
      // Before anything is encrypted or signed for it.
      checkTarget(url, allowed);
      const options = { vapidDetails, TTL: ttl, contentEncoding: 'aes128gcm' } as const;
      let request: RequestDetails;
      try {
        request = webPush.generateRequestDetails(subscription, JSON.stringify(notification), options);
      } catch {
        // Nothing was called yet: a key that is no point of the curve never becomes one. The library's message may repeat it.
        throw new DeliveryError('permanent', `${named(subscriptionId)} has keys that nothing can be encrypted for.`, {
          destination: url.host,
        });
      }
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
      );
      try {
        await post(
          { url, headers, body: request.body ?? Buffer.alloc(0), signal },
          { reach: { allowed, ...(resolve !== undefined && { resolve }) } },
        );
      } catch (error) {
        throw isDeliveryError(error) && isGone(error) ? gone(subscriptionId, error) : error;
      }
    },
  };
}

/** RFC 8030, section 7.3. */
function isGone({ status }: DeliveryError): boolean {
  return status === 404 || status === 410;
}

function gone(subscriptionId: string | undefined, cause: DeliveryError): DeliveryError {
  const { destination, status } = cause;
  return new DeliveryError('permanent', `${named(subscriptionId)} is gone: remove it.`, {
    cause,
    ...(destination !== undefined && { destination }),
    ...(status !== undefined && { status }),
  });
}

function named(subscriptionId: string | undefined): string {
  return subscriptionId === undefined ? 'The push subscription' : `The push subscription "${subscriptionId}"`;
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
      const webPush = requireOptional<typeof WebPush>('web-push', 'web push');
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
