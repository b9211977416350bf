import { randomBytes } from 'node:crypto';
import { KeyedDigests, type GivenSecrets, type Secrets, type SecretSource } from '../../secrets/index.ts';
import type { Engine } from '../../engine/index.ts';
import { openState } from '../store/open-state.ts';
import type { StateStore } from '../store/state-store.ts';

/** What an installation without SHIFTWORK_SECRET has of its own. */
interface OwnSecret {
  readonly secret: string;
  /** Somebody has SHIFTWORK_SECRET by now: keys that were made with this one are found until it expires. */
  readonly retired?: boolean;
}

type Store = Pick<StateStore, 'get' | 'compareAndSet'>;

const COLLECTION = 'secret';
const OWN = 'own';
const DAY_MS = 86_400_000;
/** Renewed by whoever uses it; so a secret that nobody uses any more goes by itself. */
const KEPT_MS = 400 * DAY_MS;
/** How long keys that were made with it are found, once the installation has SHIFTWORK_SECRET. */
const RETIRED_MS = 35 * DAY_MS;
/** How often a process that uses it makes sure that it is still there: a restart of Redis without its data takes it away. */
const CONFIRM_MS = 60_000;

/** The secrets of a process: those that it was given, and what the engine keeps. */
export class EngineSecrets implements SecretSource {
  readonly #given: GivenSecrets;
  readonly #open: () => Promise<Store>;
  readonly #now: () => number;
  #known: Secrets | undefined;
  #own: string | undefined;
  #loading: Promise<Secrets> | undefined;
  #confirmAt = 0;

  constructor(given: GivenSecrets, open: () => Promise<Store>, now: () => number = () => performance.now()) {
    this.#given = given;
    this.#open = open;
    this.#now = now;
    const { secret, previousSecret } = given;
    if (secret !== undefined && previousSecret !== undefined) this.#known = pairOf(secret, previousSecret);
  }

  get known(): Secrets | undefined {
    if (this.#own !== undefined && this.#now() >= this.#confirmAt) {
      this.#confirmAt = this.#now() + CONFIRM_MS;
      // Nobody waits for it; it is tried again.
      this.#confirm(this.#own).catch(() => undefined);
    }
    return this.#known;
  }

  load(): Promise<Secrets> {
    if (this.#known !== undefined) return Promise.resolve(this.#known);
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #load(): Promise<Secrets> {
    const { secret, previousSecret } = this.#given;
    const store = await this.#open();
    if (secret !== undefined) {
      this.#known = pairOf(secret, await retired(store));
      return this.#known;
    }
    const own = await ownSecret(store, randomBytes(32).toString('base64url'));
    this.#use(own, previousSecret);
    return pairOf(own, previousSecret);
  }

  #use(own: string, previous: string | undefined): void {
    this.#own = own;
    this.#known = pairOf(own, previous);
    this.#confirmAt = this.#now() + CONFIRM_MS;
  }

  /** Puts it back where it was lost with the rest of the data; takes another one over where somebody was quicker. */
  async #confirm(mine: string): Promise<void> {
    const there = await ownSecret(await this.#open(), mine);
    if (there !== mine) this.#use(there, mine);
  }
}

/** The secrets of a process on this engine. */
export function secretsOf(engine: Engine): SecretSource {
  return new EngineSecrets(engine.secrets, () => openState(engine));
}

/** The installation's own, that which is there or else `candidate`. */
export async function ownSecret(store: Store, candidate: string): Promise<string> {
  for (;;) {
    const entry = await store.get(COLLECTION, OWN);
    const own = read(entry?.value);
    const secret = own?.secret ?? candidate;
    // Renewed by the use of it.
    const written = await store.compareAndSet(COLLECTION, OWN, entry?.version ?? 0, { secret }, KEPT_MS);
    if (written !== undefined) return secret;
  }
}

/** The installation's own from before it had SHIFTWORK_SECRET; undefined where there is none, or no more. */
async function retired(store: Store): Promise<string | undefined> {
  const entry = await store.get(COLLECTION, OWN);
  const own = read(entry?.value);
  if (entry === undefined || own === undefined) return undefined;
  if (own.retired !== true) {
    const { secret } = own;
    await store.compareAndSet(COLLECTION, OWN, entry.version, { secret, retired: true }, RETIRED_MS);
  }
  return own.secret;
}

/** For whoever looks: `used` by processes without SHIFTWORK_SECRET, `retired`, or none. */
export async function stateOfOwnSecret(store: Pick<StateStore, 'get'>): Promise<'none' | 'used' | 'retired'> {
  const own = read((await store.get(COLLECTION, OWN))?.value);
  if (own === undefined) return 'none';
  return own.retired === true ? 'retired' : 'used';
}

function read(value: unknown): OwnSecret | undefined {
  if (typeof value !== 'object' || value === null || !('secret' in value)) return undefined;
  const { secret } = value;
  if (typeof secret !== 'string' || secret === '') return undefined;
  return { secret, retired: 'retired' in value && value.retired === true };
}

function pairOf(present: string, previous: string | undefined): Secrets {
  return {
    present: new KeyedDigests(present),
    previous: previous === undefined || previous === present ? undefined : new KeyedDigests(previous),
  };
}
