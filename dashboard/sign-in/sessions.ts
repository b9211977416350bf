import { createHash, randomBytes } from 'node:crypto';
import type { Role } from './roles.ts';
import type { SessionStore, StoredSession } from './session-store.ts';
import type { DashboardUser } from './users.ts';

/** Who makes a request. */
export interface Viewer {
  readonly name: string;
  readonly role: Role;
  /** What the person's forms must carry; undefined where nobody signs in. */
  readonly formToken: string | undefined;
}

export interface SessionsOptions {
  readonly users: readonly DashboardUser[];
  readonly store: SessionStore;
  /** Without a request for so long it ends: 30 minutes. An open page that refreshes itself counts. */
  readonly idleMs?: number;
  /** Ends whatever happens: 12 hours. */
  readonly lifetimeMs?: number;
  readonly now?: () => number;
}

/** Writing at each request would cost a shared store one write a poll. */
const TOUCH_EVERY_MS = 60_000;
const ID = /^[\w-]{43}$/;

/** Server-side sessions: the browser holds a random id, the store its digest, so that a copy of the store opens nothing. */
export class Sessions {
  readonly #users: ReadonlyMap<string, DashboardUser>;
  readonly #store: SessionStore;
  readonly #idleMs: number;
  readonly #lifetimeMs: number;
  readonly #now: () => number;

  constructor({ users, store, idleMs = 30 * 60_000, lifetimeMs = 12 * 3_600_000, now = Date.now }: SessionsOptions) {
    this.#users = new Map(users.map(user => [user.name, user]));
    this.#store = store;
    this.#idleMs = idleMs;
    this.#lifetimeMs = lifetimeMs;
    this.#now = now;
  }

  /** A new session; never under an id that the browser brought. */
  async open(user: DashboardUser): Promise<string> {
    const id = randomToken();
    const now = this.#now();
    await this.#store.write(keyOf(id), {
      user: user.name,
      credential: credentialOf(user),
      formToken: randomToken(),
      createdAt: now,
      seenAt: now,
    });
    return id;
  }

  async find(id: string | undefined): Promise<Viewer | undefined> {
    if (id === undefined || !ID.test(id)) return undefined;
    const key = keyOf(id);
    const session = await this.#store.read(key);
    if (session === undefined) return undefined;
    const user = this.#users.get(session.user);
    const now = this.#now();
    if (user === undefined || !this.#stillGood(session, user, now)) {
      await this.#store.remove(key);
      return undefined;
    }
    if (now - session.seenAt >= TOUCH_EVERY_MS) await this.#store.write(key, { ...session, seenAt: now });
    return { name: user.name, role: user.role, formToken: session.formToken };
  }

  async close(id: string | undefined): Promise<void> {
    if (id !== undefined && ID.test(id)) await this.#store.remove(keyOf(id));
  }

  #stillGood(session: StoredSession, user: DashboardUser, now: number): boolean {
    return (
      session.credential === credentialOf(user) &&
      now - session.seenAt < this.#idleMs &&
      now - session.createdAt < this.#lifetimeMs
    );
  }
}

/** 256 random bits. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

function keyOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

function credentialOf(user: DashboardUser): string {
  return createHash('sha256').update(user.hash).digest('base64url');
}
