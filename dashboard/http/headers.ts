import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Bull Board draws with style attributes and a style element; scripts come from files alone, everywhere. */
const BOARD_STYLES = ["'self'", "'unsafe-inline'"];

/** Headers of every answer. The dashboard is never framed, cached, or read by another site. */
export function securityHeaders(production: boolean, part: 'pages' | 'board' | 'sign-in'): RequestHandler {
  const protect = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': part === 'board' ? BOARD_STYLES : ["'self'"],
        'img-src': ["'self'", 'data:'],
        'font-src': ["'self'"],
        'connect-src': ["'self'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
        'base-uri': ["'self'"],
        'object-src': ["'none'"],
      },
    },
    // Addresses name queues, jobs and what somebody looked for. With `no-referrer` browsers send `Origin: null` with a form, and over plain
    // http to another machine nothing else that says where it comes from: signing in works there, too.
    referrerPolicy: { policy: part === 'sign-in' ? 'same-origin' : 'no-referrer' },
    frameguard: { action: 'deny' },
    strictTransportSecurity: production ? { maxAge: 31_536_000, includeSubDomains: false } : false,
  });
  return (request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
    protect(request, response, next);
  };
}
