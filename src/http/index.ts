/**
 * What other programs and browsers reach over HTTP: the door for programs (tokens, `/api/v1`), and what its answers are made of. Stands on a
 * client that somebody else has opened, and on nothing but Node's own server: express mounts it as it is.
 *
 * @module
 */
export { createHttpApi, type HttpApi, type HttpApiOptions } from './api/http-api.ts';
export type { HttpHandler } from './exchange/handler.ts';
export { namesPrototype } from './exchange/names-prototype.ts';
export * from './exchange/request-refused-error.ts';
export { apiTokensOf, ApiTokens, type ApiToken, type NewToken, type TokenDefinition } from './tokens/api-tokens.ts';
export { isScope, readScope, scopeFor, SCOPE_KINDS, type ScopeKind } from './tokens/scopes.ts';
