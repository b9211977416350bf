import { post } from '../http/index.ts';
import type { AnalyticsMessage, AnalyticsSink } from './sink.ts';

/**
 * A Segment-compatible batch endpoint: the write key is the URL's user name (a password goes with it), the path `/v1/batch` unless the URL
 * has one. What stands behind a `?` is the endpoint's own, and is sent.
 */
export function createHttpSink(address: URL): AnalyticsSink {
  const key = [address.username, address.password].map(decodeURIComponent).join(':');
  const url = new URL(address);
  url.username = '';
  url.password = '';
  if (url.pathname === '/') url.pathname = '/v1/batch';
  return {
    async write(batch: readonly AnalyticsMessage[], signal) {
      await post(
        {
          url,
          signal,
          body: JSON.stringify({ batch, sentAt: new Date().toISOString() }),
          headers: {
            'content-type': 'application/json',
            ...(key !== ':' && { authorization: `Basic ${Buffer.from(key).toString('base64')}` }),
          },
        },
        { reach: 'anywhere' },
      );
    },
  };
}
