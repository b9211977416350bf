import { setTimeout as sleep } from 'node:timers/promises';
import { connect, credentials, type ChannelModel } from 'amqplib';
import { bareError } from '../../../privacy/index.ts';
import { BusUnavailableError } from '../../bus/bus-unavailable-error.ts';
import { InvalidConfigError, parseUrl } from '../../../config/index.ts';
import { backoffDelay, exponential, faultOf, reasonOf } from '../../../resilience/index.ts';
import type { TransportListener } from '../../transport.ts';
import { ACCESS_REFUSED, PRECONDITION_FAILED, replyCodeOf, RESOURCE_LOCKED } from './reply-code.ts';
import { sleepOrStop, within } from '../../../time/index.ts';

/** A publisher's call is answered within two seconds, as a producer's is. */
export const FAIL_FAST_MS = 1_750;
const BACKOFF = exponential({ from: '200ms', to: '2s' });
const HEARTBEAT_S = 10;

/** Sets up what it needs on each new connection; a rejection gives the connection up, and another is tried. */
export type Guest = (connection: ChannelModel) => Promise<void>;

/** Called once for each outage after which a guest could not come back although others could. The link tries it again. */
export type Refused = (error: BusUnavailableError) => void;

interface Absent {
  readonly guest: Guest;
  readonly coming: Promise<void>;
  readonly cause: unknown;
}

/** Nobody has asked for a connection; there is one; or one is sought, since when it was lost (monotonic milliseconds). */
type LinkState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'open'; readonly connection: ChannelModel }
  | {
      readonly phase: 'seeking';
      readonly arrival: PromiseWithResolvers<ChannelModel>;
      readonly lostAt: number | undefined;
    };

/** One connection to RabbitMQ that comes back by itself. */
export class RabbitLink {
  readonly #transport: string;
  readonly #url: string;
  readonly #credentials: ReturnType<typeof credentials.plain> | undefined;
  readonly #name: string;
  readonly #guests = new Map<Guest, { readonly what: string; readonly refused: Refused | undefined }>();
  readonly #stop = new AbortController();
  #state: LinkState = { phase: 'idle' };
  /** The search for a connection that is under way, or the last one. */
  #search: Promise<void> = Promise.resolve();
  #listener: TransportListener | undefined;

  /** @throws InvalidConfigError when the URL is none of RabbitMQ; the message never repeats it */
  constructor(transport: string, url: string, name: string) {
    const { url: parsed, problems } = parseUrl(`the URL of ${transport}`, url, { protocols: ['amqp:', 'amqps:'] });
    if (parsed === undefined) throw new InvalidConfigError(problems);
    // Without a heartbeat nobody notices a connection that is silently gone.
    if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_S));
    this.#transport = transport;
    this.#url = parsed.href;
    this.#credentials = credentialsOf(parsed);
    this.#name = name;
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
  }

  /**
   * Calls the guest now, and again after each outage. Without `refused` the link gives up a connection on which the guest cannot come.
   * @throws BusUnavailableError; the link does not call the guest again then
   */
  async invite(what: string, guest: Guest, refused?: Refused): Promise<void> {
    try {
      const connection = await this.connection(what);
      await this.within(what, guest(connection));
      this.#guests.set(guest, { what, refused });
      // It was lost while the guest came.
      if (!this.#isOn(connection)) await this.within(what, guest(await this.connection(what)));
    } catch (cause) {
      this.#guests.delete(guest);
      throw this.explained(what, cause);
    }
  }

  leave(guest: Guest): void {
    this.#guests.delete(guest);
  }

  /** @throws BusUnavailableError after two seconds, naming `what` */
  async connection(what: string): Promise<ChannelModel> {
    if (this.#state.phase === 'open') return this.#state.connection;
    if (this.#stop.signal.aborted) throw this.unavailable(what, 'the bus is closed');
    const { arrival } = this.#state.phase === 'idle' ? this.#seek(undefined) : this.#state;
    return this.within(what, arrival.promise);
  }

  /**
   * A broker may take a request and never answer it: seen with `basic.consume` on a quorum queue without a leader.
   * @throws BusUnavailableError after two seconds, naming `what`
   */
  within<Value>(what: string, answer: Promise<Value>): Promise<Value> {
    return within(FAIL_FAST_MS, answer, () => this.unavailable(what, 'no answer came in time'));
  }

  explained(what: string, cause: unknown): BusUnavailableError {
    if (cause instanceof BusUnavailableError) return cause;
    const code = replyCodeOf(cause);
    if (code === ACCESS_REFUSED) return this.unavailable(what, 'it refused the credentials', cause);
    if (code === PRECONDITION_FAILED) {
      const message = cause instanceof Error ? cause.message : '';
      return this.unavailable(what, `a queue or exchange stands there with other settings (${message})`, cause);
    }
    return this.unavailable(what, faultOf(cause) === 'ours' ? 'the server is away' : reasonOf(cause), cause);
  }

  unavailable(what: string, reason: string, cause?: unknown): BusUnavailableError {
    return new BusUnavailableError(
      this.#transport,
      what,
      reason,
      cause instanceof Error ? { cause: bareError(cause) } : {},
    );
  }

  /** Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    this.#stop.abort();
    const state = this.#state;
    this.#state = { phase: 'idle' };
    const closing = state.phase === 'open' ? state.connection.close().catch(() => undefined) : undefined;
    await Promise.race([Promise.all([closing, this.#search]), sleep(Math.max(200, timeoutMs))]);
  }

  #isOn(connection: ChannelModel): boolean {
    return this.#state.phase === 'open' && this.#state.connection === connection;
  }

  #seek(lostAt: number | undefined): Extract<LinkState, { readonly phase: 'seeking' }> {
    const seeking = { phase: 'seeking', arrival: Promise.withResolvers<ChannelModel>(), lostAt } as const;
    this.#state = seeking;
    this.#search = this.#connect();
    return seeking;
  }

  /** Tries until there is a connection on which the guests have come. */
  async #connect(): Promise<void> {
    const { signal } = this.#stop;
    for (let tries = 1; !signal.aborted; tries += 1) {
      let connection: ChannelModel | undefined;
      try {
        connection = await connect(this.#url, {
          timeout: FAIL_FAST_MS * 2,
          keepAlive: true,
          ...(this.#credentials !== undefined && { credentials: this.#credentials }),
          clientProperties: { connection_name: this.#name },
        });
        // Without a listener an error would end the process; 'close' follows it.
        connection.on('error', () => undefined);
        const absent = await this.#seat(connection);
        this.#opened(connection);
        for (const each of absent) void this.#seatLater(connection, each);
        return;
      } catch (cause) {
        connection?.close().catch(() => undefined);
        this.#notFound(cause);
        await sleepOrStop(backoffDelay(BACKOFF, tries), signal);
      }
    }
  }

  /**
   * Answers the guests that did not come. One whose queue stands with other settings must not keep the others away.
   * Rejects where the connection itself is to blame: it is gone, or nobody got an answer.
   */
  async #seat(connection: ChannelModel): Promise<readonly Absent[]> {
    let isGone = false;
    connection.once('close', () => (isGone = true));
    const absent: Absent[] = [];
    const guests = [...this.#guests.keys()];
    await Promise.all(
      guests.map(async guest => {
        const coming = guest(connection);
        await this.within('a connection', coming).catch((cause: unknown) => absent.push({ guest, coming, cause }));
      }),
    );
    const first = absent[0];
    const nobody = absent.length === guests.length && !absent.some(({ cause }) => isRefusal(cause));
    const isNeeded = absent.some(({ guest }) => this.#guests.has(guest) && !this.#guests.get(guest)?.refused);
    if (first !== undefined && (isGone || nobody || isNeeded)) throw first.cause;
    for (const { guest, cause } of absent) {
      const known = this.#guests.get(guest);
      known?.refused?.(this.explained(known.what, cause));
    }
    return absent;
  }

  /** Tries until the guest has come or left, or the connection is another. */
  async #seatLater(connection: ChannelModel, { guest, coming }: Absent): Promise<void> {
    const { signal } = this.#stop;
    let attempt = coming;
    for (let tries = 1; this.#isOn(connection) && this.#guests.has(guest); tries += 1) {
      try {
        // One that got no answer may still come: a second one beside it would consume twice.
        await attempt;
        return;
      } catch {
        await sleepOrStop(backoffDelay(BACKOFF, tries), signal);
        if (this.#isOn(connection) && this.#guests.has(guest)) attempt = guest(connection);
      }
    }
    attempt.catch(() => undefined);
  }

  #opened(connection: ChannelModel): void {
    connection.once('close', (cause?: Error) => {
      if (!this.#isOn(connection)) return;
      this.#lost(cause);
      this.#seek(performance.now());
    });
    const state = this.#state;
    // The bus was closed meanwhile.
    if (state.phase !== 'seeking') {
      connection.close().catch(() => undefined);
      return;
    }
    this.#state = { phase: 'open', connection };
    state.arrival.resolve(connection);
    if (state.lostAt !== undefined) this.#listener?.back(Math.round(performance.now() - state.lostAt));
  }

  /** A first connection that does not come counts as lost, too. The listener hears it once. */
  #notFound(cause: unknown): void {
    if (this.#state.phase !== 'seeking' || this.#state.lostAt !== undefined) return;
    this.#state = { ...this.#state, lostAt: performance.now() };
    this.#lost(cause);
  }

  #lost(cause: unknown): void {
    this.#listener?.lost(cause instanceof Error ? bareError(cause) : new Error('The connection was closed.'));
  }
}

/** Decodes user and password, since the library takes each byte of a URL for a character: a password with an umlaut would be another. */
function credentialsOf({ username, password }: URL): ReturnType<typeof credentials.plain> | undefined {
  if (username === '' && password === '') return undefined;
  return credentials.plain(decodeURIComponent(username), decodeURIComponent(password));
}

/** The broker answered, and said no to this one alone. */
function isRefusal(cause: unknown): boolean {
  const code = replyCodeOf(cause);
  return code === PRECONDITION_FAILED || code === ACCESS_REFUSED || code === RESOURCE_LOCKED;
}
