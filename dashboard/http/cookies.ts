import type { Request, Response } from 'express';

export interface CookieNames {
  readonly session: string;
  /** Carries the sign-in form's token, before there is a session. */
  readonly form: string;
}

/** `__Host-` binds a cookie to this host, https and the path `/`; over plain http, in development, browsers refuse it. */
export function cookieNames(production: boolean): CookieNames {
  return production
    ? { session: '__Host-shiftwork', form: '__Host-shiftwork-form' }
    : { session: 'shiftwork', form: 'shiftwork-form' };
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
type SameSite = 'strict' | 'lax';

export function setCookie(
  response: Response,
  production: boolean,
  name: string,
  value: string,
  sameSite: SameSite = 'strict',
): void {
  response.cookie(name, value, { httpOnly: true, sameSite, path: '/', secure: production });
}

export function clearCookie(response: Response, production: boolean, name: string): void {
  response.clearCookie(name, { httpOnly: true, sameSite: 'strict', path: '/', secure: production });
}
