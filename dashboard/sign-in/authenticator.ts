import { decoyHash, verifyPassword } from '../../src/config/index.ts';
import { Backoff } from './backoff.ts';
import { deviceToken, knownDevice } from './devices.ts';
import { Turnstile } from './turnstile.ts';
import type { DashboardUser } from './users.ts';

export type SignInResult =
  | { readonly kind: 'welcome'; readonly user: DashboardUser }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'too-many'; readonly retryAfterSeconds: number };

export interface SignInFrom {
  /** The client's address, or its network. */
  readonly client: string;
  /** What the browser brought of an earlier sign-in, whoever wrote it. */
  readonly device?: string | undefined;
}

const FORGET_MS = 3_600_000;
/** Wrong passwords of one client, whatever the names. */
const PER_CLIENT = { free: 8, firstMs: 1_000, longestMs: 15 * 60_000, forgetMs: FORGET_MS, capacity: 10_000 };
/**
 * For one name, from wherever. The longest wait is short, but strangers with many addresses who knock at the end of each take nearly
 * every turn. So a browser that its owner has signed in with before waits for itself alone; one that is new waits with the strangers.
 */
const PER_NAME = { free: 5, firstMs: 1_000, longestMs: 60_000, forgetMs: FORGET_MS };

/**
 * Checks names and passwords, slower and slower for whoever gets them wrong. Unknown names are answered, delayed and charged
 * exactly as known ones.
 */
export class Authenticator {
  readonly #users: ReadonlyMap<string, DashboardUser>;
  readonly #decoy: string;
  readonly #clients: Backoff;
  /** Apart from the unknown names: a flood of those must not push a known one out of memory. */
  readonly #knownNames: Backoff;
  readonly #unknownNames: Backoff;
  readonly #devices: Backoff;
  readonly #now: () => number;
  readonly #verify: typeof verifyPassword;
  /** Each check takes some 32 MiB and a thread of the pool that name look-ups and files share. */
  readonly #turnstile = new Turnstile(2, 20);

  /**
   * @param now the engine's time, by which browsers are known
   * @param own this process's own: nobody waits longer because a clock is set
   */
  constructor(
    users: readonly DashboardUser[],
    now: () => number,
    verify = verifyPassword,
    own: () => number = () => performance.now(),
  ) {
    this.#users = new Map(users.map(user => [user.name, user]));
    this.#clients = new Backoff({ ...PER_CLIENT, now: own });
    this.#knownNames = new Backoff({ ...PER_NAME, capacity: users.length + 1, now: own });
    this.#unknownNames = new Backoff({ ...PER_NAME, capacity: 10_000, now: own });
    this.#devices = new Backoff({ ...PER_NAME, capacity: 10_000, now: own });
    this.#now = now;
    this.#verify = verify;
    this.#decoy = decoyHash(users[0]?.hash);
  }

  /** For the browser with which this person has signed in. */
  deviceFor(user: DashboardUser): string {
    return deviceToken(user, this.#now());
  }

  async signIn({ client, device }: SignInFrom, name: string, password: string): Promise<SignInResult> {
    const user = this.#users.get(name);
    const known = user && knownDevice(user, device, this.#now());
    const names = known !== undefined ? this.#devices : user === undefined ? this.#unknownNames : this.#knownNames;
    const key = known ?? name;
    // Both are looked at before either is charged: knocking while a name waits must not make the client wait longer.
    const wait = Math.max(this.#clients.waitOf(client), names.waitOf(key));
    if (wait > 0) return tooMany(wait);
    // Nor is what nobody looks at: a flood of strangers must not make a known browser wait.
    if (this.#turnstile.isFull) return tooMany(2_000);
    this.#clients.attempt(client);
    names.attempt(key);
    const fits = await this.#turnstile.pass(() => this.#verify(password, user?.hash ?? this.#decoy));
    if (fits === undefined) return tooMany(2_000);
    if (!fits || user === undefined) return { kind: 'wrong' };
    this.#clients.forgive(client);
    names.forgive(key);
    return { kind: 'welcome', user };
  }
}

function tooMany(waitMs: number): SignInResult {
  return { kind: 'too-many', retryAfterSeconds: Math.ceil(waitMs / 1000) };
}
