import type { Engine } from '../../engine/index.ts';
import { InvalidOptionsError, kindOfText } from '../../errors/index.ts';
import { openState, type StateEntry, type StateStore } from '../../state/index.ts';
import { isRate, requireRate, type RateLimit } from './token-pace.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import { isScope } from './scopes.ts';
import { isTokenOf, newTokenText, tokenDigest, tokenId } from './token-text.ts';

/** What a token is made of. */
export interface TokenDefinition {
  /** For people: who holds it. 1 to 100 characters on one line. */
  readonly name: string;
  /** As `scopeFor` writes them: `enqueue/welcome-email`. */
  readonly scopes: readonly string[];
  /** Requests at most, for each process that answers; 100 a second when left out. */
  readonly rate?: RateLimit;
  /** Ends by itself then; never when left out. */
  readonly expiresAfter?: Duration;
  /** Who made it. */
  readonly by: string;
}

/** A token as it is known to who looks after it: nothing in it lets anybody in. */
export interface ApiToken {
  /** 16 hex digits; part of the token, and no secret. */
  readonly id: string;
  readonly name: string;
  readonly scopes: ReadonlySet<string>;
  readonly rate: RateLimit;
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Undefined: it does not end by itself. */
  readonly expiresAt: number | undefined;
}

export interface NewToken {
  /** Shown once, kept nowhere. */
  readonly text: string;
  readonly token: ApiToken;
}

/** What is kept, by the token's id. */
interface StoredToken {
  readonly digest: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly rate: RateLimit;
  readonly by: string;
  readonly createdAt: number;
  readonly expires: boolean;
}

type Store = Pick<StateStore, 'get' | 'list' | 'set' | 'delete'>;

const COLLECTION = 'api-token';
/** State always ends; a hundred years are for ever. */
const FOREVER_MS = 100 * 365 * 86_400_000;
const USUAL_RATE: RateLimit = { max: 100, perMs: 1_000 };
const MOST_SCOPES = 1_000;

/** The tokens of an installation, in its engine: every process that answers requests knows a new one, and misses a revoked one, at the next request. */
export class ApiTokens {
  readonly #open: () => Promise<Store>;
  readonly #now: () => number;

  /** @param now the engine's time, milliseconds since 1970 */
  constructor(open: () => Promise<Store>, now: () => number) {
    this.#open = open;
    this.#now = now;
  }

  /** @throws InvalidOptionsError */
  async create(definition: TokenDefinition): Promise<NewToken> {
    const { name, scopes, by } = definition;
    if (!/^[^\p{Cc}]{1,100}$/u.test(name)) {
      throw new InvalidOptionsError(
        `Expected the name of a token to be 1 to 100 characters on one line, got ${kindOfText(name)}.`,
      );
    }
    const wrong = scopes.find(scope => !isScope(scope));
    if (wrong !== undefined || scopes.length === 0 || scopes.length > MOST_SCOPES) {
      throw new InvalidOptionsError(
        `Expected 1 to ${MOST_SCOPES} scopes such as enqueue/NAME, read/NAME or cancel/NAME, the name percent-encoded, got ` +
          `${wrong === undefined ? scopes.length : JSON.stringify(wrong.slice(0, 60))}.`,
      );
    }
    const rate = requireRate('the rate of a token', definition.rate ?? USUAL_RATE);
    const ttlMs = definition.expiresAfter === undefined ? FOREVER_MS : lifeOf(definition.expiresAfter);
    const { id, text } = newTokenText();
    const stored: StoredToken = {
      digest: tokenDigest(text),
      name,
      scopes: [...new Set(scopes)],
      rate,
      by,
      createdAt: Math.floor(this.#now()),
      expires: ttlMs !== FOREVER_MS,
    };
    const store = await this.#open();
    await store.set(COLLECTION, id, stored, ttlMs);
    const entry = await store.get(COLLECTION, id);
    const token = entry && this.#read(entry)?.token;
    if (token === undefined) throw new InvalidOptionsError('Expected a token to live longer than it takes to make it.');
    return { text, token };
  }

  /** By name, then by age. */
  async list(): Promise<readonly ApiToken[]> {
    const entries = await (await this.#open()).list(COLLECTION);
    return entries
      .flatMap(entry => this.#read(entry)?.token ?? [])
      .toSorted((a, b) => a.name.localeCompare(b.name) || a.createdAt - b.createdAt);
  }

  /** Answers whether there was one. Whoever shows it is refused from the next request on; its live streams end within seconds. */
  async revoke(id: string): Promise<boolean> {
    return (await this.#open()).delete(COLLECTION, id);
  }

  /** The token of that id while it stands, for who showed it a while ago. */
  async standing(id: string): Promise<ApiToken | undefined> {
    const entry = await (await this.#open()).get(COLLECTION, id);
    return entry && this.#read(entry)?.token;
  }

  /** Whose token this is; undefined for one that is none, is not known, or has ended. Rejects while the engine is away. */
  async authenticate(text: string): Promise<ApiToken | undefined> {
    const id = tokenId(text);
    if (id === undefined) return undefined;
    const entry = await (await this.#open()).get(COLLECTION, id);
    const known = entry && this.#read(entry);
    return isTokenOf(text, known?.digest) ? known?.token : undefined;
  }

  /** What another release wrote may be no token to this one. */
  #read({ name: id, value, leftMs }: StateEntry): { readonly digest: string; readonly token: ApiToken } | undefined {
    if (typeof value !== 'object' || value === null) return undefined;
    const { digest, name, scopes, rate, by, createdAt, expires }: Partial<Record<keyof StoredToken, unknown>> = value;
    if (typeof digest !== 'string' || digest === '' || !Array.isArray(scopes)) return undefined;
    const token: ApiToken = {
      id,
      name: String(name),
      scopes: new Set(scopes.filter(scope => typeof scope === 'string')),
      rate: isRate(rate) ? rate : USUAL_RATE,
      by: String(by),
      createdAt: Number(createdAt),
      expiresAt: expires === true ? Math.floor(this.#now() + leftMs) : undefined,
    };
    return { digest, token };
  }
}

/** The tokens that are kept in this engine. */
export function apiTokensOf(engine: Engine): ApiTokens {
  return new ApiTokens(
    () => openState(engine),
    () => engine.clock.now(),
  );
}

function lifeOf(expiresAfter: Duration): number {
  const ms = toMilliseconds(expiresAfter, 'expiresAfter');
  if (ms >= 1_000 && ms < FOREVER_MS) return ms;
  throw new InvalidOptionsError(`Expected a token to live for a second at least, got ${ms} ms.`);
}
