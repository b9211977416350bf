import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnyJobContract, App } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Client } from '../../queue/index.ts';
import type { JobStreams } from '../streams/job-streams.ts';
import type { ApiToken, ApiTokens } from '../tokens/api-tokens.ts';
import { scopeFor, type ScopeKind } from '../tokens/scopes.ts';

/** What a route works with. */
export interface RouteContext {
  readonly client: Client;
  readonly engine: Engine;
  readonly app: Pick<App, 'jobs'>;
  readonly token: ApiToken;
  readonly tokens: ApiTokens;
  readonly streams: JobStreams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The contract's name or the job's id in the address; empty where there is none. */
  readonly word: string;
  readonly query: URLSearchParams;
}

/** The contract of that name, where this token may do that with its jobs. */
export function contractFor(
  { app, token }: Pick<RouteContext, 'app' | 'token'>,
  kind: ScopeKind,
  name: string,
): AnyJobContract | undefined {
  // A text with half of a surrogate pair, which JSON can carry, cannot be percent-encoded: no scope is for it.
  return name.isWellFormed() && token.scopes.has(scopeFor(kind, name)) ? app.jobs.get(name) : undefined;
}

/** Whether the token still stands that a request was admitted with, and may read jobs of that contract: for answers that took a while. */
export async function mayRead(
  { tokens, token }: Pick<RouteContext, 'tokens' | 'token'>,
  contract: string,
): Promise<boolean> {
  return (await tokens.standing(token.id))?.scopes.has(scopeFor('read', contract)) === true;
}
