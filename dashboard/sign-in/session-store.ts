/** A session as it is kept. The role is not: it is looked up in the configured users at each request. */
export interface StoredSession {
  readonly user: string;
  /** A digest of the password hash that was signed in with: another password ends the sessions of the old one. */
  readonly credential: string;
  /** What this session's forms must carry. */
  readonly formToken: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly seenAt: number;
}

/**
 * Where sessions are kept, by the digest of their id. Several dashboard processes behind one address need a store that they
 * share, or a balancer that keeps a person on one of them.
 */
export interface SessionStore {
  read(key: string): Promise<StoredSession | undefined>;
  write(key: string, session: StoredSession): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Sessions of this process alone; a restart signs everybody out. */
export class MemorySessionStore implements SessionStore {
  readonly #sessions = new Map<string, StoredSession>();
  readonly #capacity: number;

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  async read(key: string): Promise<StoredSession | undefined> {
    return this.#sessions.get(key);
  }

  async write(key: string, session: StoredSession): Promise<void> {
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    if (this.#sessions.size > this.#capacity) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined) this.#sessions.delete(oldest);
    }
  }

  async remove(key: string): Promise<void> {
    this.#sessions.delete(key);
  }
}
