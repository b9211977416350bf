import type { Request, RequestHandler } from 'express';
import { answer } from './answers.ts';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isReading(request: Request): boolean {
  return READING.has(request.method);
}

/**
 * Lets a request that changes something pass only when it comes from a page of this origin and is no simple form post:
 * JSON (which another site cannot send unasked), nothing at all, or a form on one of `forms`, which checks a token of its own or
 * changes nothing.
 */
export function sameOriginOnly(forms: readonly string[]): RequestHandler {
  return (request, response, next) => {
    if (isReading(request)) return next();
    if (!comesFromHere(request)) {
      return answer(request, response, {
        status: 403,
        title: 'Forbidden',
        message:
          'The request did not come from a page of this dashboard. Behind a proxy, pass on Host; or X-Forwarded-Host, and name the proxy in TRUST_PROXY.',
      });
    }
    if (!hasAllowedBody(request, forms)) {
      return answer(request, response, {
        status: 415,
        title: 'Unsupported media type',
        message: 'Expected a body of type application/json.',
      });
    }
    return next();
  };
}

/** Browsers say where a request comes from, and pages cannot forge it. Whoever says nothing is refused. */
function comesFromHere(request: Request): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const { origin } = request.headers;
  // Of a form on a page without a referrer a browser says no origin; where it comes from stands in the other header all the same.
  if (origin === undefined || origin === 'null') return site === 'same-origin';
  const from = URL.parse(origin);
  // Behind a proxy that ends TLS our own scheme is not known, so host and port decide; the scheme's own port is left out.
  return from !== null && from.host !== '' && from.host === URL.parse(`${from.protocol}//${request.host}`)?.host;
}

function hasAllowedBody(request: Request, forms: readonly string[]): boolean {
  const type = request.headers['content-type'];
  if (type === undefined) return request.method !== 'POST' && !hasBody(request);
  if (/^application\/json\s*(;|$)/i.test(type)) return true;
  return (
    forms.includes(request.path) && request.method === 'POST' && /^application\/x-www-form-urlencoded\b/i.test(type)
  );
}

function hasBody(request: Request): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}
