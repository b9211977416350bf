import { createHash, randomBytes } from 'node:crypto';
import type { StateEntry, StateStore } from '../../src/state/index.ts';
import type { Role } from './roles.ts';
import { sessionIn, type StoredSession } from './stored-session.ts';
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
  /** The state that all dashboards of the installation share. Rejects while the engine is away. */
  readonly state: () => Promise<StateStore>;
  /** Without a request for so long it ends: 30 minutes. An open page that refreshes itself counts. */
  readonly idleMs?: number;
  /** Ends whatever happens: 12 hours. */
  readonly lifetimeMs?: number;
  /** The engine's time: dashboards on machines whose clocks differ must agree when a session ends. */
  readonly now: () => number;
}

export const SESSIONS = 'sessions';
/** Writing at each request would cost the engine one write a poll. */
const TOUCH_EVERY_MS = 60_000;
const ID = /^[\w-]{43}$/;

/**
 * Server-side sessions, in the state that dashboards share: whoever has signed in stays so when one is restarted, and whoever has
 * signed out is so for all of them. The browser holds a random id, the store its digest, so that a copy of the store opens nothing.
 */
export class Sessions {
  readonly #users: ReadonlyMap<string, DashboardUser>;
  readonly #state: () => Promise<StateStore>;
  readonly #idleMs: number;
  readonly #lifetimeMs: number;
  readonly #now: () => number;

  constructor({ users, state, idleMs = 30 * 60_000, lifetimeMs = 12 * 3_600_000, now }: SessionsOptions) {
    this.#users = new Map(users.map(user => [user.name, user]));
    this.#state = state;
    this.#idleMs = idleMs;
    this.#lifetimeMs = lifetimeMs;
    this.#now = now;
  }

  /** A new session; never under an id that the browser brought. */
  async open(user: DashboardUser): Promise<string> {
    const state = await this.#state();
    const id = randomToken();
    const now = this.#now();
    const session: StoredSession = {
      user: user.name,
      credential: credentialOf(user),
      formToken: randomToken(),
      createdAt: now,
      seenAt: now,
    };
    await state.set(SESSIONS, keyOf(id), session, this.#leftMs(session));
    return id;
  }

  /** Nothing that could not be a session's id is asked for: it is nobody's, whether the engine is there or not. */
  async find(id: string | undefined): Promise<Viewer | undefined> {
    if (id === undefined || !ID.test(id)) return undefined;
    const state = await this.#state();
    const entry = await state.get(SESSIONS, keyOf(id));
    return entry && this.#viewerOf(state, entry);
  }

  /** Whose these are, in one question: those that are nobody's are left out. */
  async findAll(ids: readonly string[]): Promise<ReadonlyMap<string, Viewer>> {
    const byKey = new Map(ids.filter(id => ID.test(id)).map(id => [keyOf(id), id]));
    const state = await this.#state();
    const found = new Map<string, Viewer>();
    for (const entry of await state.getMany(SESSIONS, [...byKey.keys()])) {
      const [id, viewer] = [byKey.get(entry.name), await this.#viewerOf(state, entry)];
      if (id !== undefined && viewer !== undefined) found.set(id, viewer);
    }
    return found;
  }

  async #viewerOf(state: StateStore, { name: key, value, version }: StateEntry): Promise<Viewer | undefined> {
    const session = sessionIn(value);
    if (session === undefined) return undefined;
    const user = this.#users.get(session.user);
    if (user === undefined || session.credential !== credentialOf(user) || this.#leftMs(session) <= 0) {
      await state.delete(SESSIONS, key);
      return undefined;
    }
    const now = this.#now();
    if (now - session.seenAt >= TOUCH_EVERY_MS) {
      const seen = { ...session, seenAt: now };
      // Only over what was read: a plain write would bring back a session that was signed out of meanwhile.
      await state.compareAndSet(SESSIONS, key, version, seen, this.#leftMs(seen));
    }
    return { name: user.name, role: user.role, formToken: session.formToken };
  }

  async close(id: string | undefined): Promise<void> {
    if (id === undefined || !ID.test(id)) return;
    const state = await this.#state();
    await state.delete(SESSIONS, keyOf(id));
  }

  /** Until it ends without another request. */
  #leftMs({ createdAt, seenAt }: StoredSession): number {
    return Math.min(seenAt + this.#idleMs, createdAt + this.#lifetimeMs) - this.#now();
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
