import { createHmac } from 'node:crypto';
import { sameToken } from './same-token.ts';
import { randomToken } from './sessions.ts';
import type { DashboardUser } from './users.ts';

/** A browser is known for 90 days after somebody signed in with it. */
export const DEVICE_MS = 90 * 86_400_000;

/**
 * What a browser keeps that somebody has signed in with. It opens nothing: it only lets its owner try while strangers make the name wait.
 * Signed with the stored hash of the password, so that nothing has to be stored, all dashboards know it, and a new password ends it.
 */
export function deviceToken(user: DashboardUser, now: number): string {
  const said = `${randomToken()}.${now + DEVICE_MS}`;
  return `${said}.${signatureOf(user, said)}`;
}

/** The token, where it is this person's and not too old; undefined otherwise. */
export function knownDevice(user: DashboardUser, token: string | undefined, now: number): string | undefined {
  const [, said, endsAt, signature] = /^([\w-]{43}\.(\d{1,16}))\.([\w-]{43})$/.exec(token ?? '') ?? [];
  if (said === undefined || signature === undefined || Number(endsAt) <= now) return undefined;
  return sameToken(signature, signatureOf(user, said)) ? token : undefined;
}

function signatureOf({ name, hash }: DashboardUser, said: string): string {
  return createHmac('sha256', hash).update(`device ${name} ${said}`).digest('base64url');
}
