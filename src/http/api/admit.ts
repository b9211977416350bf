import type { IncomingMessage } from 'node:http';
import { RequestRefusedError } from '../exchange/request-refused-error.ts';
import type { ApiToken, ApiTokens } from '../tokens/api-tokens.ts';
import type { StrangerPace } from '../tokens/stranger-pace.ts';
import type { TokenPace } from '../tokens/token-pace.ts';
import { LOOKS_LIKE_A_TOKEN } from '../tokens/token-text.ts';

const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="shiftwork"' };

/** By what a door lets requests in. */
export interface Admission {
  readonly tokens: Pick<ApiTokens, 'authenticate'>;
  readonly pace: TokenPace;
  readonly strangers: StrangerPace;
  readonly addressOf: (request: IncomingMessage) => string;
}

/**
 * Whose token a request shows; `known` is called with its id as soon as it stands, also where it asks too often.
 * @throws RequestRefusedError 400 for a token in the address, 401 without one that stands, 429 for one that asks too often, and for an address from
 *   which too many came without one
 */
export async function admit(
  request: IncomingMessage,
  { tokens, pace, strangers, addressOf }: Admission,
  known: (tokenId: string) => void,
): Promise<ApiToken> {
  const { url = '', headers } = request;
  const [, text] = /^Bearer +([\x21-\x7e]{1,200})$/i.exec(headers.authorization ?? '') ?? [];
  const from = addressOf(request);
  const closedMs = strangers.waitOf(from, text);
  if (closedMs > 0) throw tooMany(closedMs);
  // Addresses are kept: in logs, by proxies, in histories.
  const address = decoded(url);
  if (LOOKS_LIKE_A_TOKEN.test(address) || /[?&](access_)?token=/i.test(address)) {
    strangers.refused(from);
    throw new RequestRefusedError(
      400,
      'Expected the token in the header Authorization, found one in the address. Revoke it: addresses are kept in logs.',
    );
  }
  if (text === undefined) {
    strangers.refused(from);
    throw notAdmitted();
  }
  const looked = await strangers.look(from, text, () => tokens.authenticate(text));
  if (looked.waitMs !== undefined) throw tooMany(looked.waitMs);
  const { token } = looked;
  if (token === undefined) throw notAdmitted();
  known(token.id);
  const waitMs = pace.take(token.id, token.rate);
  if (waitMs > 0) {
    const { max, perMs } = token.rate;
    throw tooOften(`Expected at most ${max} requests in ${perMs} ms with this token.`, waitMs);
  }
  return token;
}

function tooMany(waitMs: number): RequestRefusedError {
  return tooOften('Expected fewer requests without a token that stands from this address.', waitMs);
}

function tooOften(message: string, waitMs: number): RequestRefusedError {
  return new RequestRefusedError(429, message, { headers: { 'Retry-After': String(Math.ceil(waitMs / 1_000)) } });
}

/** Also for one that was revoked while its request was under way. */
export function notAdmitted(): RequestRefusedError {
  return new RequestRefusedError(
    401,
    'Expected "Authorization: Bearer TOKEN" with a token that shiftwork tokens create has made and that stands.',
    { headers: CHALLENGE },
  );
}

/** What may be percent-encoded, however often: logs and histories decode them, too. */
function decoded(url: string): string {
  return url.replace(/%(?:25)*([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
