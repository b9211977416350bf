import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HealthSources {
  /** Why this host should get no work, or nothing when it works as it should. For everybody: no host names, no errors' texts. */
  readonly notReady: () => readonly string[];
  /** Shown beside the answer of `/readyz`, whichever it is; for everybody too. */
  readonly shown?: () => Readonly<Record<string, unknown>>;
  /** The text format of Prometheus. */
  readonly metrics: () => Promise<string>;
  readonly onError: (error: unknown) => void;
}

export interface HealthServer {
  readonly port: number;
  /** Takes no more questions; open connections are cut. */
  close(): void;
}

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Whoever asks sends a head and no more. */
const HEAD_WITHIN_MS = 5_000;
/** Node looks every half minute, unless it is told otherwise: heads that dribble in would keep probes out for so long. */
const LOOK_EVERY_MS = 1_000;
const CONNECTIONS = 64;

/**
 * Answers `/livez`, `/readyz` and `/metrics` on every address of this host, as a platform's probes need it.
 * @throws what `listen` fails with, such as EADDRINUSE
 */
export async function openHealthServer(port: number, sources: HealthSources): Promise<HealthServer> {
  const limits = { maxHeaderSize: 8_192, headersTimeout: HEAD_WITHIN_MS, requestTimeout: HEAD_WITHIN_MS };
  const server = createServer({ ...limits, connectionsCheckingInterval: LOOK_EVERY_MS }, (request, response) => {
    void answer(sources, request, response);
  });
  server.maxConnections = CONNECTIONS;
  server.listen(port);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  { notReady, shown, metrics, onError }: HealthSources,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return say(response, 405, { error: 'Expected GET.' });
  }
  const [path] = (request.url ?? '/').split('?', 1);
  if (path === '/livez') return say(response, 200, { status: 'alive' });
  if (path === '/readyz') {
    const reasons = notReady();
    return reasons.length === 0
      ? say(response, 200, { status: 'ready', ...shown?.() })
      : say(response, 503, { status: 'not ready', reasons, ...shown?.() });
  }
  if (path !== '/metrics') return say(response, 404, { error: 'Expected /livez, /readyz or /metrics.' });
  try {
    const text = await metrics();
    response.setHeader('Content-Type', EXPOSITION_TYPE);
    response.end(text);
  } catch (error) {
    onError(error);
    say(response, 500, { error: 'The metrics could not be gathered; the log says why.' });
  }
}

function say(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.end(`${JSON.stringify(body)}\n`);
}
