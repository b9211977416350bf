import type { IncomingMessage } from 'node:http';
import { notFound } from '../exchange/request-refused-error.ts';

const PREFIX = '/api/v1/';

export interface Address {
  /** What stands behind `/api/v1/`, each part decoded by itself: a `%2F` in one stays in it. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

/** The address as it was sent: nothing in it is resolved or put right, so `//` and `..` lead nowhere. */
export function isOfApi({ url = '/' }: IncomingMessage): boolean {
  return url.startsWith(PREFIX) || url.split('?', 1)[0] === PREFIX.slice(0, -1);
}

/** @throws RequestRefusedError 404 for what cannot be decoded */
export function readAddress({ url = '/' }: IncomingMessage): Address {
  const [path = '', ...query] = url.split('?');
  try {
    return {
      segments: path.slice(PREFIX.length).split('/').map(decodeURIComponent),
      query: new URLSearchParams(query.join('?')),
    };
  } catch {
    throw notFound();
  }
}
