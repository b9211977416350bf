import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { App } from '../../src/contracts/index.ts';
import {
  apiTokensOf,
  createHttpApi,
  type HttpApiOptions,
  type HttpHandler,
  type StreamSettings,
  type TokenDefinition,
} from '../../src/http/index.ts';
import type { AnyEngineCase } from './engines.ts';
import { runApp, type RunningApp } from './running-app.ts';

export interface Asked {
  readonly token?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, but for a text, which is sent as it is. */
  readonly body?: unknown;
}

export interface Said {
  readonly status: number;
  readonly headers: Headers;
  // What an answer holds is what each test compares.
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ServedApi extends RunningApp {
  readonly origin: string;
  /** Answers the text of a new token. */
  token(scopes: readonly string[], others?: Partial<TokenDefinition>): Promise<string>;
  ask(path: string, asked?: Asked): Promise<Said>;
  /** What the answers kept to themselves. */
  readonly errors: unknown[];
}

/** An app at work behind a door of its own, on a port that nobody else has. */
export async function serveApi(
  engineCase: Pick<AnyEngineCase, 'open'>,
  app: App,
  streams: Partial<StreamSettings> = {},
  others: Pick<HttpApiOptions, 'tries' | 'trustProxy'> = {},
): Promise<ServedApi> {
  const running = await runApp(engineCase, app);
  const errors: unknown[] = [];
  const api = createHttpApi({ client: running.client, app, streams, ...others, onError: error => errors.push(error) });
  const server = await listen(api.handler);
  const tokens = apiTokensOf(running.engine);
  return {
    ...running,
    errors,
    origin: server.origin,
    token: async (scopes, others = {}) =>
      (await tokens.create({ name: 'a test', by: 'test', scopes, rate: { max: 10_000, perMs: 1_000 }, ...others }))
        .text,
    ask: (path, asked) => ask(server.origin + path, asked),
    async stop() {
      api.close();
      server.close();
      await running.stop();
    },
  };
}

export async function listen(handler: HttpHandler): Promise<{ readonly origin: string; close(): void }> {
  // A process that stood still closes a connection as idle on which it is asked in the same turn.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => handler(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function ask(url: string, { token, method, headers = {}, body }: Asked = {}): Promise<Said> {
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const said = text === '' ? {} : (JSON.parse(text) as Said['body']);
  return { status: response.status, headers: response.headers, body: said };
}

/** Whatever a stream says, until it ends. */
export interface ReadStream {
  readonly status: number;
  readonly events: { readonly id: string; readonly name: string; readonly data: unknown }[];
  /** Resolves when the other side has ended it. */
  readonly ended: Promise<void>;
  leave(): void;
}

export async function readStream(url: string, headers: Readonly<Record<string, string>> = {}): Promise<ReadStream> {
  const left = new AbortController();
  const response = await fetch(url, { headers, signal: left.signal });
  const events: ReadStream['events'] = [];
  const read = async (): Promise<void> => {
    if (!response.ok) return void (await response.body?.cancel());
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
        if (field('event') !== '')
          events.push({ id: field('id'), name: field('event'), data: JSON.parse(field('data')) });
      }
    }
  };
  return { status: response.status, events, ended: read().catch(() => undefined), leave: () => left.abort() };
}
