import type * as StandardWebhooks from 'standardwebhooks';
import { requireOptional } from '../../errors/index.ts';
import { messageId, type AlertMessage } from './alert-message.ts';

export interface AlertSettings {
  readonly url: URL;
  /** `whsec_` and base64, of Standard Webhooks; undefined: messages are not signed. */
  readonly secret: string | undefined;
  /** Which installation tells: the namespace and NODE_ENV. */
  readonly environment: string;
  /** The dashboard's address; undefined: links are paths below it. */
  readonly dashboardUrl: URL | undefined;
}

export type SendAlert = (message: AlertMessage) => Promise<void>;

const PATIENCE_MS = 5_000;

/**
 * Posts messages as Standard Webhooks, straight to an address that the operator has configured: never through a queue, which may be what is
 * wrong. Rejects when one is not answered with 2xx within 5 s.
 */
export function alertSender({ url, secret, environment, dashboardUrl }: AlertSettings): SendAlert {
  const sign = secret === undefined ? undefined : signer(secret);
  return async message => {
    const { event, path, since, endedAt, ...said } = message;
    const now = new Date();
    const link =
      dashboardUrl === undefined
        ? path
        : new URL(`${dashboardUrl.pathname.replace(/\/$/, '')}${path}`, dashboardUrl).href;
    const data = {
      ...said,
      environment,
      link,
      since: new Date(since).toISOString(),
      ...(endedAt !== undefined && { endedAt: new Date(endedAt).toISOString() }),
    };
    const body = JSON.stringify({ type: `alert.${event}`, timestamp: now.toISOString(), data });
    const id = messageId(message);
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
        ...(sign !== undefined && { 'webhook-signature': sign(id, now, body) }),
      },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await answer.body?.cancel();
    // The address may carry a secret.
    if (!answer.ok) throw new Error(`The alert's webhook answered ${answer.status}.`);
  };
}

function signer(secret: string): (id: string, at: Date, body: string) => string {
  const { Webhook } = requireOptional<typeof StandardWebhooks>('standardwebhooks', 'signed alerts');
  const webhook = new Webhook(secret);
  return (id, at, body) => webhook.sign(id, at, body);
}
