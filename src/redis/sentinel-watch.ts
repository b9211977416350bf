import { Redis } from 'ioredis';
import type { SentinelAddress } from '../config/index.ts';

const AGAIN_MS = 1_000;

/**
 * Hears from a sentinel that another server is the master. The old one may be alive and cut off from the rest: its connections stand, it goes on
 * saying yes to whoever writes, and loses what it was told when it becomes a replica. One connection, to one sentinel after the other; that of the
 * driver is one to each sentinel for every connection, and prints what goes wrong with it.
 */
export class SentinelWatch {
  readonly #address: SentinelAddress;
  readonly #onSwitch: () => void;
  #redis: Redis | undefined;
  #timer: NodeJS.Timeout | undefined;
  #next = 0;
  #ended = false;

  constructor(address: SentinelAddress, onSwitch: () => void) {
    this.#address = address;
    this.#onSwitch = onSwitch;
  }

  /** Begins, where it has not. */
  begin(): void {
    if (this.#redis === undefined && this.#timer === undefined && !this.#ended) this.#connect();
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#redis?.disconnect();
  }

  #connect(): void {
    const { sentinels, sentinelUser, sentinelPassword, family, tls, master } = this.#address;
    const sentinel = sentinels[this.#next++ % sentinels.length] ?? sentinels[0];
    const redis = new Redis({
      ...sentinel,
      ...(sentinelUser !== undefined && { username: sentinelUser }),
      ...(sentinelPassword !== undefined && { password: sentinelPassword }),
      ...(family !== undefined && { family }),
      ...(tls && { tls: {} }),
      lazyConnect: true,
      protocol: 2,
      connectionName: 'shiftwork-sentinel-watch',
      retryStrategy: null,
      enableReadyCheck: false,
      connectTimeout: AGAIN_MS,
      keepAlive: 10_000,
      disconnectTimeout: 200,
    });
    this.#redis = redis;
    redis.on('error', () => undefined);
    // It may have missed one while there was no connection: the driver asks for the master wherever it connects anew.
    redis.on('message', (_channel: string, text: string) => {
      if (text.startsWith(`${master} `)) this.#onSwitch();
    });
    redis.on('end', () => {
      this.#redis = undefined;
      if (this.#ended) return;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.begin();
      }, AGAIN_MS).unref();
    });
    redis.connect().then(
      () => redis.subscribe('+switch-master').catch(() => redis.disconnect()),
      () => redis.disconnect(),
    );
  }
}
