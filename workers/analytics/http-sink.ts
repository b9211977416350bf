import { post } from '../http/index.ts';
import type { AnalyticsMessage, AnalyticsSink } from './sink.ts';

/** A Segment-compatible batch endpoint: the write key is the URL's user name, the path `/v1/batch` unless the URL has one. */
export function createHttpSink(address: URL): AnalyticsSink {
  const writeKey = decodeURIComponent(address.username);
  const url = new URL(address.pathname === '/' ? '/v1/batch' : address.pathname, address.origin);
  return {
    async write(batch: readonly AnalyticsMessage[], signal) {
      await post(
        {
          url,
          signal,
          body: JSON.stringify({ batch, sentAt: new Date().toISOString() }),
          headers: {
            'content-type': 'application/json',
            ...(writeKey !== '' && { authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}` }),
          },
        },
        { reach: 'anywhere' },
      );
    },
  };
}
