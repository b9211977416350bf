import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Answers requests of Node's own server, and so of express: `createServer(handler)`, `app.use(handler)`. What it does not answer it passes on
 * to `next`; without one that is a 404.
 */
export type HttpHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;
