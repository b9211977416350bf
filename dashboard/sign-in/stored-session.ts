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

/** What another dashboard has written, perhaps one of another release; undefined for what is no session to this one. */
export function sessionIn(value: unknown): StoredSession | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { user, credential, formToken, createdAt, seenAt }: Partial<Record<keyof StoredSession, unknown>> = value;
  if (typeof user !== 'string' || typeof credential !== 'string' || typeof formToken !== 'string') return undefined;
  if (typeof createdAt !== 'number' || typeof seenAt !== 'number') return undefined;
  return { user, credential, formToken, createdAt, seenAt };
}
