import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Facts } from '../../facts/index.ts';
import { bareError } from '../../privacy/index.ts';
import type { App } from '../../contracts/index.ts';
import { insidesOf, type Client } from '../../queue/index.ts';
import { problemAnswer, send } from '../exchange/answer.ts';
import type { HttpHandler } from '../exchange/handler.ts';
import { notFound } from '../exchange/request-refused-error.ts';
import { JobStreams, USUAL_STREAMS, type StreamSettings } from '../streams/job-streams.ts';
import { apiTokensOf } from '../tokens/api-tokens.ts';
import { TokenPace } from '../tokens/token-pace.ts';
import { admit } from './admit.ts';
import { isOfApi, readAddress } from './address.ts';
import type { RouteContext } from './route-context.ts';
import { findRoute, type RouteName } from './routes.ts';

export interface HttpApiOptions {
  /** Opened by the caller, who also closes it. */
  readonly client: Client;
  /** Whose contracts can be reached. */
  readonly app: Pick<App, 'jobs'>;
  /** How live streams are bounded; see `USUAL_STREAMS`. */
  readonly streams?: Partial<StreamSettings>;
  /** Called with each failure whose cause was kept from the answer. */
  readonly onError?: (error: unknown) => void;
}

export interface HttpApi {
  /** Answers everything below `/api/v1`: for `createServer`, or for express, before any body parser. */
  readonly handler: HttpHandler;
  /** Ends every live stream, so that the server can be closed. */
  close(): void;
}

/**
 * The door for other programs: enqueue, read, cancel, wait for results. Whoever comes shows a token of `shiftwork tokens create` in the header
 * `Authorization`, and reaches the contracts that its scopes name; everything else is not there. Browsers of other sites get no leave (no CORS).
 */
export function createHttpApi({ client, app, streams: given, onError = () => undefined }: HttpApiOptions): HttpApi {
  const insides = insidesOf(client);
  const { engine } = insides;
  const tokens = apiTokensOf(engine);
  const pace = new TokenPace();
  const streams = new JobStreams(insides, { ...USUAL_STREAMS, ...given });
  const report = (error: unknown): void => onError(error instanceof Error ? bareError(error) : error);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = countedFrom(client.facts, response);
    try {
      const token = await admit(request, tokens, pace, id => (asked.token = id));
      const address = readAddress(request);
      const { name, route, word } = findRoute(request.method ?? '', address.segments);
      asked.route = name;
      const context: RouteContext = {
        tokens,
        streams,
        client,
        engine,
        app,
        token,
        request,
        response,
        word,
        query: address.query,
      };
      const answered = await route(context);
      if (answered !== undefined) send(response, answered);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else send(response, problemAnswer(error, report));
    }
  };
  return {
    handler(request, response, next) {
      if (isOfApi(request)) return void answer(request, response);
      if (next !== undefined) return next();
      send(response, problemAnswer(notFound(), report));
    },
    close: () => streams.close(),
  };
}

interface Asked {
  route: RouteName | 'none';
  token: string | undefined;
}

/** Of a request whose caller has gone before there was an answer, as proxies count it. */
const GONE = 499;

/** States what became of a request once it is over, for whoever counts. */
function countedFrom(facts: Facts, response: ServerResponse): Asked {
  const asked: Asked = { route: 'none', token: undefined };
  const begunAt = performance.now();
  response.once('close', () => {
    const status = response.headersSent ? response.statusCode : GONE;
    facts.emit('api.answered', { ...asked, status, tookMs: performance.now() - begunAt });
  });
  return asked;
}
