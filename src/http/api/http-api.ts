import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidOptionsError, kindOf, requireKnown } from '../../errors/index.ts';
import type { Facts } from '../../facts/index.ts';
import { bareError } from '../../privacy/index.ts';
import type { App } from '../../contracts/index.ts';
import { insidesOf, type Client } from '../../queue/index.ts';
import type { TrustProxy } from '../../config/index.ts';
import { problemAnswer, send } from '../exchange/answer.ts';
import { clientAddresses } from '../exchange/client-address.ts';
import type { HttpHandler } from '../exchange/handler.ts';
import { notFound } from '../exchange/request-refused-error.ts';
import { JobStreams } from '../streams/job-streams.ts';
import { USUAL_STREAMS, type StreamSettings } from '../streams/open-streams.ts';
import { apiTokensOf } from '../tokens/api-tokens.ts';
import { StrangerPace } from '../tokens/stranger-pace.ts';
import { requireRate, TokenPace, type RateLimit } from '../tokens/token-pace.ts';
import { admit, type Admission } from './admit.ts';
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
  /** How often an address may come without a token that stands, for each process: `USUAL_TRIES` when left out. Above it 429, whatever is shown, but for tokens that stood before. */
  readonly tries?: RateLimit;
  /**
   * The proxies whose X-Forwarded-For is believed: how many there are in front, or their addresses and networks, comma-separated. Without it every
   * request behind a proxy comes from the proxy's address.
   */
  readonly trustProxy?: TrustProxy | undefined;
  /** Called with each failure whose cause was kept from the answer. */
  readonly onError?: (error: unknown) => void;
}

export interface HttpApi {
  /** Answers everything below `/api/v1`: for `createServer`, or for express, before any body parser. */
  readonly handler: HttpHandler;
  /** Ends every live stream, so that the server can be closed. */
  close(): void;
}

/** Enough for whoever mistypes one, and for a program that was told a wrong one and goes on. */
export const USUAL_TRIES: RateLimit = { max: 60, perMs: 60_000 };

const KNOWN: ReadonlySet<string> = new Set<keyof HttpApiOptions>([
  'client',
  'app',
  'streams',
  'tries',
  'trustProxy',
  'onError',
]);

/**
 * The door for other programs: enqueue, read, cancel, wait for results. Whoever comes shows a token of `shiftwork tokens create` in the header
 * `Authorization`, and reaches the contracts that its scopes name; everything else is not there. Browsers of other sites get no leave (no CORS).
 * @throws InvalidOptionsError
 */
export function createHttpApi(options: HttpApiOptions): HttpApi {
  requireOptions(options);
  const { client, app, streams: given, tries = USUAL_TRIES, trustProxy, onError = () => undefined } = options;
  const insides = insidesOf(client);
  const { engine } = insides;
  const tokens = apiTokensOf(engine);
  const admission: Admission = {
    tokens,
    pace: new TokenPace(),
    strangers: new StrangerPace(requireRate('tries', tries)),
    addressOf: clientAddresses(trustProxy),
  };
  const streams = new JobStreams(insides, { ...USUAL_STREAMS, ...given });
  const report = (error: unknown): void => onError(error instanceof Error ? bareError(error) : error);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = countedFrom(client.facts, response);
    try {
      const token = await admit(request, admission, id => (asked.token = id));
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

/** Plain JavaScript leaves out anything. @throws InvalidOptionsError */
function requireOptions(options: unknown): void {
  requireKnown('the options of createHttpApi()', options, KNOWN);
  const { app, onError }: Readonly<Record<string, unknown>> = { ...options };
  if (!(Object(app).jobs instanceof Map)) {
    throw new InvalidOptionsError(
      `Expected createHttpApi() to get the app of defineApp(), whose contracts can be reached, got ${kindOf(app)}.`,
    );
  }
  if (onError === undefined || typeof onError === 'function') return;
  throw new InvalidOptionsError(`Expected onError of createHttpApi() to be a function, got ${kindOf(onError)}.`);
}
