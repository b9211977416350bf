import type { Command, Redis, RedisOptions } from 'ioredis';
import { UnhurriedRedis } from '../../redis/index.ts';
import { LateAnswers, timedOut } from './late-answers.ts';

/** How finely answers are waited for. */
const TICK_MS = 100;

export interface AnswerLimits {
  /** A command without an answer for so long is rejected; the connection stays. Undefined: it waits. */
  readonly answerMs?: number;
  /** A connection from which nothing comes for so long, although something is asked, is cut. */
  readonly silenceMs: number;
}

/**
 * ioredis, whose missing answers are noticed by a clock of its own. The `commandTimeout` and `socketTimeout` of ioredis go by the machine's
 * time: a process that was stopped for a while takes its own absence for Redis's. Here one tick looks after all commands, and counts its own
 * turns. Relies on ioredis 6.0: `sendCommand`, `commandQueue`, `stream` and `handleReconnection`.
 */
export class WatchedRedis extends UnhurriedRedis {
  readonly #limits: AnswerLimits;
  readonly #refused: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;
  readonly #late: LateAnswers | undefined;
  #bytesRead = 0;
  #silentTicks = 0;

  /** `refused` is called with each error that Redis replies. */
  constructor(
    options: Omit<RedisOptions, 'replyMapping'>,
    limits: AnswerLimits,
    refused: (error: Error) => void = () => undefined,
  ) {
    super(options);
    this.#limits = limits;
    if (limits.answerMs !== undefined) this.#late = new LateAnswers(limits.answerMs / TICK_MS);
    this.#refused = refused;
  }

  /** ioredis calls it with each error that the server replies (6.0, `DataHandler.returnError`); the sound path pays nothing. */
  override handleReconnection(...[error, item]: Parameters<Redis['handleReconnection']>): void {
    this.#refused(error);
    super.handleReconnection(error, item);
  }

  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    this.#late?.sent(command);
    if (this.#timer === undefined) {
      this.#silentTicks = 0;
      this.#timer = setInterval(() => this.#look(), TICK_MS).unref();
    }
    return super.sendCommand(command, stream);
  }

  #look(): void {
    const { silenceMs } = this.#limits;
    this.#late?.tick();
    const { commandQueue, stream } = this;
    if (commandQueue.length === 0 && this.#late?.none !== false) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const silent = commandQueue.length > 0 && stream.bytesRead === this.#bytesRead;
    this.#bytesRead = stream.bytesRead;
    this.#silentTicks = silent ? this.#silentTicks + 1 : 0;
    if (this.#silentTicks * TICK_MS < silenceMs) return;
    this.#silentTicks = 0;
    stream.destroy(timedOut(`Nothing was received for ${silenceMs} ms.`));
  }
}
