import express, { Router, type Request, type Response } from 'express';
import { actedAs } from '../audit/record-actions.ts';
import { answer, baseOf } from '../http/answers.ts';
import { clientKey } from '../http/client-address.ts';
import { clearCookie, cookieNames, readCookie, setCookie } from '../http/cookies.ts';
import { signInPage, type SignInPageOptions } from '../pages/sign-in-page.ts';
import type { Authenticator } from './authenticator.ts';
import { DEVICE_MS } from './devices.ts';
import { sameToken } from './same-token.ts';
import { randomToken, type Sessions, type Viewer } from './sessions.ts';

export interface SignInOptions {
  readonly sessions: Sessions;
  readonly authenticator: Authenticator;
  readonly production: boolean;
  readonly viewerOf: (request: Request) => Viewer | undefined;
}

interface Fields {
  readonly name: string;
  readonly password: string;
  readonly token: string;
  readonly next: string;
}

type ShownForm = Pick<SignInPageOptions, 'next' | 'name' | 'problem'>;

const MOST_BYTES = '8kb';
const TOKEN = /^[\w-]{43}$/;

/** Signing in (open to everybody) and out. Programs may sign in with JSON `{name, password}`; the form carries a token. */
export function signInRoutes({ sessions, authenticator, production, viewerOf }: SignInOptions): Router {
  const names = cookieNames(production);
  const router = Router();
  const readBody = [express.urlencoded({ extended: false, limit: MOST_BYTES }), express.json({ limit: MOST_BYTES })];

  const showForm = (request: Request, response: Response, status: number, form: ShownForm): void => {
    // Kept where the browser has one: the form in another tab carries it too.
    const brought = readCookie(request, names.form) ?? '';
    const token = TOKEN.test(brought) ? brought : randomToken();
    // Strict, a link from another site would not bring it, and the form in the other tab would be out of date.
    setCookie(response, production, names.form, token, { sameSite: 'lax' });
    response.status(status).type('html');
    response.send(signInPage({ base: baseOf(response), token, ...form }));
  };

  router.get('/sign-in', (request, response) => {
    const next = localPath(request.query['next']);
    if (viewerOf(request) !== undefined) return response.redirect(303, `${baseOf(response)}${next}`);
    return showForm(request, response, 200, { next });
  });

  router.post('/sign-in', ...readBody, async (request, response) => {
    const form = request.is('urlencoded') !== false;
    const fields = fieldsOf(request.body);
    if (form && !sameToken(fields.token, readCookie(request, names.form))) {
      const problem = 'This form was out of date. Please try again.';
      return showForm(request, response, 403, { next: fields.next, name: fields.name, problem });
    }
    const result = await authenticator.signIn(
      { client: clientKey(request), device: readCookie(request, names.device) },
      fields.name,
      fields.password,
    );
    if (result.kind === 'welcome') {
      actedAs(response, result.user);
      // Whatever session the browser brought is over; the new one has an id that nobody could know before.
      await sessions.close(readCookie(request, names.session));
      // Lax: a link in an alert opens its page. Whatever changes something has to come from a page of ours (`sameOriginOnly`).
      setCookie(response, production, names.session, await sessions.open(result.user), { sameSite: 'lax' });
      setCookie(response, production, names.device, authenticator.deviceFor(result.user), { maxAge: DEVICE_MS });
      clearCookie(response, production, names.form);
      if (form) return response.redirect(303, `${baseOf(response)}${fields.next}`);
      return response.json({ name: result.user.name, role: result.user.role });
    }
    if (result.kind === 'too-many') response.setHeader('Retry-After', String(result.retryAfterSeconds));
    const status = result.kind === 'wrong' ? 401 : 429;
    const problem =
      result.kind === 'wrong'
        ? 'The name or the password is wrong.'
        : `Too many tries. Please wait ${result.retryAfterSeconds} s and try again.`;
    if (form) return showForm(request, response, status, { next: fields.next, name: fields.name, problem });
    return answer(request, response, {
      status,
      title: status === 401 ? 'Unauthorized' : 'Too many requests',
      message: problem,
    });
  });

  router.post('/sign-out', ...readBody, async (request, response) => {
    const viewer = viewerOf(request);
    const form = request.is('urlencoded') !== false;
    if (form && !sameToken(fieldsOf(request.body).token, viewer?.formToken)) {
      return answer(request, response, {
        status: 403,
        title: 'Forbidden',
        message: 'This form was out of date. Please try again.',
      });
    }
    await sessions.close(readCookie(request, names.session));
    clearCookie(response, production, names.session);
    return form ? response.redirect(303, `${baseOf(response)}/sign-in`) : response.status(204).end();
  });
  return router;
}

/** A body is whatever was sent: only texts are taken. */
function fieldsOf(body: unknown): Fields {
  const from: object = typeof body === 'object' && body !== null ? body : {};
  const text = (name: string): string => {
    const value: unknown = Object.hasOwn(from, name) ? Reflect.get(from, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  return { name: text('name'), password: text('password'), token: text('token'), next: localPath(text('next')) };
}

/** A path inside the dashboard; anything that a browser could read as another host becomes the overview. */
function localPath(next: unknown): string {
  return typeof next === 'string' && next.length <= 500 && /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(next) ? next : '/';
}
