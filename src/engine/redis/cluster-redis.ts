import { Cluster, type ClusterOptions, type Command } from 'ioredis';
import type { ClusterAddress } from '../../config/index.ts';
import { credentialsOf, refuseUnhurried, type ServerOptions } from '../../redis/index.ts';
import { LateAnswers } from './late-answers.ts';
import type { AnswerLimits } from './watched-redis.ts';

const TICK_MS = 100;
/** How soon a client knows of a failover where no connection has ended: a frozen server keeps its connections. */
const LOOK_EVERY_MS = 5_000;
/** For a slot that moves, a server that is away, a cluster that is down. */
const AGAIN_MS = 100;

export interface ClusterRedisOptions {
  readonly address: ClusterAddress;
  /** Of the connection to each server. */
  readonly server: ServerOptions;
  readonly limits: AnswerLimits;
  /** How often a command is tried again, with a tenth of a second in between; it waits for as long as the fail-over of a server takes. */
  readonly tries: number;
  /** Commands wait for the first connection. */
  readonly waits: boolean;
  /** Called with each error that a command ends with, and answers what it rejects with. */
  readonly refused: (error: Error) => void;
}

/** ioredis's client of a whole cluster: a connection to each master that is used, commands go to the one that holds their key. */
export class ClusterRedis extends Cluster {
  readonly #refused: (error: Error) => void;
  readonly #known = new WeakSet<Command>();
  readonly #late: LateAnswers | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ address, server, limits, tries, waits, refused }: ClusterRedisOptions) {
    super([...address.nodes], {
      lazyConnect: true,
      enableOfflineQueue: waits,
      maxRedirections: tries,
      retryDelayOnFailover: AGAIN_MS,
      retryDelayOnClusterDown: AGAIN_MS,
      retryDelayOnTryAgain: AGAIN_MS,
      slotsRefreshInterval: LOOK_EVERY_MS,
      clusterRetryStrategy: server.retryStrategy as ClusterOptions['clusterRetryStrategy'],
      // Names stay names: a certificate is for a name, and the driver would look it up itself.
      dnsLookup: (name, found) => found(null, name),
      redisOptions: { ...credentialsOf(address), ...server, socketTimeout: limits.silenceMs },
    });
    this.#refused = refused;
    if (limits.answerMs !== undefined) this.#late = new LateAnswers(limits.answerMs / TICK_MS);
  }

  override sendCommand(...[command, stream, node]: Parameters<Cluster['sendCommand']>): unknown {
    if (!this.#known.has(command)) {
      this.#known.add(command);
      this.#wait(command);
      if (this.status !== 'ready') refuseUnhurried(command);
      // A pipeline reads the errors of its commands itself, to send them elsewhere.
      if (node === undefined) {
        const { reject } = command;
        command.reject = error => {
          this.#refused(error);
          reject(error);
        };
      }
    }
    return super.sendCommand(command, stream, node);
  }

  #wait(command: Command): void {
    const late = this.#late;
    if (late === undefined) return;
    late.sent(command);
    this.#timer ??= setInterval(() => {
      late.tick();
      if (!late.none) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    }, TICK_MS).unref();
  }
}
