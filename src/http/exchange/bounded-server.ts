import { createServer, type RequestListener, type Server } from 'node:http';
import { answerUnreadRequests } from './unread-requests.ts';

/** A head, and a request with its body. A program that means it sends both in a moment, from the slowest network too. */
const HEAD_MS = 10_000;
const REQUEST_MS = 30_000;
/** Node looks every half minute, unless it is told otherwise: until then a head that dribbles in would hold its connection, whatever its limit. */
const LOOKS_IN_A_LIMIT = 5;

/** A server on which a head or a body that dribbles in holds a connection for so long at most, give or take a look. Answers may take as long as they like. */
export function boundedServer(listener: RequestListener, { headMs = HEAD_MS, requestMs = REQUEST_MS } = {}): Server {
  const server = createServer(
    {
      headersTimeout: headMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(headMs, requestMs) / LOOKS_IN_A_LIMIT,
    },
    listener,
  );
  answerUnreadRequests(server);
  return server;
}
