import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis, RedisOptions } from 'ioredis';
import { faultOf, reasonOf } from '../../../resilience/index.ts';
import type { RedisAddress } from '../../../config/index.ts';
import { connectionOptions, sentinelError, SentinelWatch, UnhurriedRedis } from '../../../redis/index.ts';
import { bareError } from '../../../privacy/index.ts';
import { BusUnavailableError } from '../../bus/bus-unavailable-error.ts';
import type { TransportListener } from '../../transport.ts';
import { within } from '../../../time/index.ts';

/** How long the end of a read is waited for. */
const END_READ_MS = 1_000;
/** A publisher's call is answered within two seconds, as a producer's is. */
const FAIL_FAST_MS = 1_750;

const COMMON = {
  connectionName: 'shiftwork-events',
  // A command that was under way when the connection went is decided by whoever sent it, not sent again behind their back.
  autoResendUnfulfilledCommands: false,
  // They fail when the connection does: with more tries ioredis 6 drops them without an answer (read in its source).
  maxRetriesPerRequest: 0,
} satisfies RedisOptions;

const COMMANDS = {
  enableOfflineQueue: false,
  commandTimeout: FAIL_FAST_MS,
  connectTimeout: FAIL_FAST_MS,
  socketTimeout: 5_000,
} satisfies RedisOptions;

const READING = {
  connectTimeout: 10_000,
  // Longer than any blocking read, so that only a dead connection meets it.
  socketTimeout: 30_000,
} satisfies RedisOptions;

/** A connection for reads that block, and its name on the server. */
export interface BlockingReader {
  readonly redis: Redis;
  readonly clientId: string;
}

/** The connections of one transport to its Redis: one for commands, which fails fast, and one for each reader. */
export class RedisLink {
  readonly #transport: string;
  readonly #address: RedisAddress;
  /** A key of this transport: on a cluster every connection goes to the server that holds it. */
  readonly #key: string;
  readonly commands: Redis;
  readonly #others = new Set<Redis>();
  readonly #sentinels: SentinelWatch | undefined;
  /** Without it the transport is as good as away, whatever the commands say. */
  #vital: Redis | undefined;
  #listener: TransportListener | undefined;
  #lostAt: number | undefined;
  #arrival: PromiseWithResolvers<void> | undefined;
  #closed = false;
  /** Why the server, which is there, cannot be used. */
  #refusal: string | undefined;

  constructor(transport: string, address: RedisAddress, key: string) {
    this.#transport = transport;
    this.#address = address;
    this.#key = key;
    this.commands = new UnhurriedRedis({ ...COMMON, ...connectionOptions(address, key), ...COMMANDS });
    if (address.kind === 'sentinel') this.#sentinels = new SentinelWatch(address, () => this.#renew());
    this.commands.on('sentinelError', (error: Error) => (this.#refusal = reasonOf(sentinelError(error))));
    this.commands.on('error', (error: Error) => this.#lost(error));
    this.commands.on('connect', () => (this.#refusal = undefined));
    this.commands.on('close', () => this.#lost(new Error('The connection was closed.')));
    this.commands.on('ready', () => this.#back());
    this.#insistOnDatabase(this.commands);
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
  }

  /** Resolves when commands can be sent. @throws BusUnavailableError after two seconds, naming `what` */
  async ready(what: string): Promise<void> {
    if (this.commands.status === 'ready') return;
    if (this.#closed) throw this.unavailable(what, 'the bus is closed');
    // One wait for all: a web app may ask a thousand times during an outage.
    this.#arrival ??= Promise.withResolvers<void>();
    if (this.commands.status === 'wait') this.commands.connect().catch(() => undefined);
    const late = (): BusUnavailableError => this.unavailable(what, this.#refusal ?? 'no answer came in time');
    await within(FAIL_FAST_MS, this.#arrival.promise, late);
  }

  get isReady(): boolean {
    return this.commands.status === 'ready';
  }

  /** Sends one command now; rejects with what the driver says. */
  call([command = '', ...args]: readonly string[]): Promise<unknown> {
    return this.commands.call(command, ...args);
  }

  /** Sends one command. @throws BusUnavailableError when it was not answered; what Redis refuses is passed on */
  async send(what: string, command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    // Not awaited where it need not be: each turn of the loop that is saved here is saved for every event.
    if (!this.isReady) await this.ready(what);
    try {
      return await this.commands.call(command, [...args]);
    } catch (cause) {
      throw this.explained(what, cause);
    }
  }

  /** A connection of its own for reads that block. */
  async reader(what: string): Promise<BlockingReader> {
    // Nothing is queued while it is away, so that the question for its id is the first thing on a new connection.
    const redis = await this.dedicated(what, false);
    const reader: { redis: Redis; clientId: string } = { redis, clientId: '' };
    const learn = async (): Promise<void> => {
      reader.clientId = String(await redis.client('ID'));
    };
    redis.on('ready', () => void learn().catch(() => undefined));
    try {
      await learn();
    } catch (cause) {
      this.drop(redis);
      throw this.explained(what, cause);
    }
    return reader;
  }

  /** A connection of its own. */
  async dedicated(what: string, enableOfflineQueue = true): Promise<Redis> {
    await this.ready(what);
    // Nobody would close it any more.
    if (this.#closed) throw this.unavailable(what, 'the bus is closed');
    const redis = new UnhurriedRedis({
      ...COMMON,
      ...connectionOptions(this.#address, this.#key),
      ...READING,
      enableOfflineQueue,
    });
    // The command connection speaks for the server, and the one that is vital.
    redis.on('error', () => undefined);
    this.#insistOnDatabase(redis);
    this.#others.add(redis);
    try {
      await redis.connect();
    } catch (cause) {
      this.drop(redis);
      throw this.explained(what, cause);
    }
    return redis;
  }

  /** As `dedicated`; that it is lost, or back, is an outage like that of the commands. One for each transport. */
  async vital(what: string): Promise<Redis> {
    const redis = await this.dedicated(what);
    redis.on('close', () => this.#lost(new Error('The connection that listens was closed.')));
    redis.on('ready', () => this.#back());
    this.#vital = redis;
    return redis;
  }

  /**
   * Ends the read that blocks, as if its time were over, so that what it has taken arrives. One that has not ended after a second is cut
   * by the server itself, which then gives it nothing more. Never rejects.
   * @param reading resolves when the reader has stopped reading
   */
  async endRead(reader: BlockingReader, reading: Promise<unknown>): Promise<void> {
    const ended = reading.then(
      () => true,
      () => true,
    );
    const endsAt = performance.now() + END_READ_MS;
    try {
      // Again and again: on its own connection the read may come to the server after the word to end it.
      for (let pauseMs = 5; performance.now() < endsAt; pauseMs = Math.min(2 * pauseMs, 100)) {
        if (reader.clientId !== '') await this.commands.client('UNBLOCK', Number(reader.clientId));
        if (await Promise.race([ended, sleep(pauseMs, false)])) return;
      }
      if (reader.clientId !== '') await this.commands.client('KILL', 'ID', reader.clientId);
    } catch {
      // The server is away: it gives nothing to anybody.
    }
  }

  drop(redis: Redis): void {
    this.#others.delete(redis);
    redis.disconnect();
  }

  explained(what: string, cause: unknown): unknown {
    if (cause instanceof BusUnavailableError) return cause;
    // What Redis says of the command itself, such as that there is no such group, is for whoever has asked.
    if (cause instanceof Error && cause.name === 'ReplyError' && faultOf(cause) === 'ours') return bareError(cause);
    return this.unavailable(what, reasonOf(cause), cause);
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
  async close(): Promise<void> {
    this.#closed = true;
    this.#sentinels?.end();
    for (const redis of this.#others) redis.disconnect();
    this.commands.disconnect();
  }

  /** ioredis goes on in database 0 where its SELECT was refused: such a connection is cut before it is used. */
  #insistOnDatabase(redis: Redis): void {
    redis.on('error', error => {
      if (!('command' in error) || !isSelect(error.command)) return;
      this.#refusal = faultOf(error) === 'ours' ? undefined : reasonOf(error);
      redis.stream.destroy();
    });
  }

  /** Cuts every connection; each comes back by itself, to the server that is the master now. */
  #renew(): void {
    for (const redis of [this.commands, ...this.#others]) redis.disconnect(true);
  }

  #lost(error: Error): void {
    if (this.#closed || this.#lostAt !== undefined) return;
    this.#lostAt = performance.now();
    this.#listener?.lost(bareError(error));
  }

  #back(): void {
    if (!this.isReady) return;
    this.#refusal = undefined;
    this.#sentinels?.begin();
    this.#arrival?.resolve();
    this.#arrival = undefined;
    if (this.#lostAt === undefined || (this.#vital !== undefined && this.#vital.status !== 'ready')) return;
    const awayMs = Math.round(performance.now() - this.#lostAt);
    this.#lostAt = undefined;
    this.#listener?.back(awayMs);
  }
}

function isSelect(command: unknown): boolean {
  return typeof command === 'object' && command !== null && 'name' in command && command.name === 'select';
}
