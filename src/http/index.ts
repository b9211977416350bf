/**
 * What other programs and browsers reach over HTTP: the door for programs (tokens, `/api/v1`), live jobs for the pages of an app, and the streams below both. Stands on a
 * client that somebody else has opened, and on nothing but Node's own server: express mounts it as it is.
 *
 * @module
 */
export { createHttpApi, USUAL_TRIES, type HttpApi, type HttpApiOptions } from './api/http-api.ts';
export { boundedServer } from './exchange/bounded-server.ts';
export type { HttpHandler } from './exchange/handler.ts';
export { jobEvents, type Allowed, type JobEvents, type JobEventsOptions } from './live/job-events.ts';
export type { PublicJob } from './live/public-job.ts';
export type { EventStream, StreamEnd, StreamEvent } from './streams/event-stream.ts';
export { JobStreams, type NewStream } from './streams/job-streams.ts';
export {
  OpenStreams,
  USUAL_STREAMS,
  type OpenedStream,
  type StillAllowed,
  type StreamSettings,
} from './streams/open-streams.ts';
export type { Shape, StreamTarget } from './streams/job-feed.ts';
export { namesPrototype } from './exchange/names-prototype.ts';
export * from './exchange/request-refused-error.ts';
export { apiTokensOf, ApiTokens, type ApiToken, type NewToken, type TokenDefinition } from './tokens/api-tokens.ts';
export { isRate, rateIn, type RateLimit } from './tokens/token-pace.ts';
export { isScope, readScope, scopeFor, SCOPE_KINDS, type ScopeKind } from './tokens/scopes.ts';
