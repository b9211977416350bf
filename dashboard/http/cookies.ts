import type { Request, Response } from 'express';

export interface CookieNames {
  readonly session: string;
  /** Carries the sign-in form's token, before there is a session. */
  readonly form: string;
  /** Says that somebody has signed in with this browser before. */
  readonly device: string;
}

/** `__Host-` binds a cookie to this host, https and the path `/`; over plain http, in development, browsers refuse it. */
export function cookieNames(production: boolean): CookieNames {
  return production
    ? { session: '__Host-shiftwork', form: '__Host-shiftwork-form', device: '__Host-shiftwork-device' }
    : { session: 'shiftwork', form: 'shiftwork-form', device: 'shiftwork-device' };
}

/** The first cookie of that name; undefined when there is none. */
export function readCookie(request: Request, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

/** `SameSite=Lax` sends a cookie along when somebody follows a link from another site, which is a GET and changes nothing. */
export interface CookieLimits {
  readonly sameSite?: 'strict' | 'lax';
  /** Milliseconds; until the browser is closed when left out. */
  readonly maxAge?: number;
}

export function setCookie(
  response: Response,
  production: boolean,
  name: string,
  value: string,
  { sameSite = 'strict', maxAge }: CookieLimits = {},
): void {
  const limits = { httpOnly: true, sameSite, path: '/', secure: production };
  response.cookie(name, value, maxAge === undefined ? limits : { ...limits, maxAge });
}

export function clearCookie(response: Response, production: boolean, name: string): void {
  response.clearCookie(name, { httpOnly: true, sameSite: 'strict', path: '/', secure: production });
}
