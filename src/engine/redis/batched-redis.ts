import { Redis, type Command, type RedisOptions } from 'ioredis';
import { LateAnswers, timedOut } from './late-answers.ts';

/** How finely answers are waited for. */
const TICK_MS = 100;
/** Fewer commands under way than this: each is written at once, a lone command gains nothing by waiting. */
const BUSY = 4;
/** Commands in one write at most: Redis begins with the first while this process prepares the next. */
const AT_MOST = 16;

export interface AnswerLimits {
  /** A command without an answer for so long is rejected; the connection stays. Undefined: it waits. */
  readonly answerMs?: number;
  /** A connection from which nothing comes for so long, although something is asked, is cut. */
  readonly silenceMs: number;
}

/**
 * ioredis with two of its costs per command taken away (measured by `npm run bench`):
 *
 * - its `commandTimeout` and `socketTimeout` make and clear timers for every command and every read; here one tick looks after all.
 *   It counts its own turns, so that a process that was stopped for a while does not take its own absence for Redis's.
 * - it hands every command to the system by itself; here a busy connection writes several at once, within the same turn.
 */
export class BatchedRedis extends Redis {
  readonly #limits: AnswerLimits;
  #timer: NodeJS.Timeout | undefined;
  readonly #late: LateAnswers | undefined;
  #bytesRead = 0;
  #silentTicks = 0;
  #gathered = 0;

  readonly #refused: (error: Error) => Error;

  /** `refused` is called with each error that Redis replies, and answers what the command rejects with. */
  constructor(
    options: Omit<RedisOptions, 'replyMapping'>,
    limits: AnswerLimits,
    refused: (error: Error) => Error = error => error,
  ) {
    super(options);
    this.#limits = limits;
    if (limits.answerMs !== undefined) this.#late = new LateAnswers(limits.answerMs / TICK_MS);
    this.#refused = refused;
  }

  /** ioredis calls it with each error that the server replies (6.0, `DataHandler.returnError`); the sound path pays nothing. */
  override handleReconnection(...[error, item]: Parameters<Redis['handleReconnection']>): void {
    const { command } = item;
    // Whoever insists on its database looks at what SELECT itself was answered.
    if (command.name !== 'select') {
      const { reject } = command;
      command.reject = said => reject(said === error ? this.#refused(error) : said);
    }
    super.handleReconnection(error, item);
  }

  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    this.#late?.sent(command);
    if (this.#timer === undefined) {
      this.#silentTicks = 0;
      this.#timer = setInterval(() => this.#look(), TICK_MS).unref();
    }
    // A pipeline writes its commands in one go by itself.
    if (stream === undefined && this.commandQueue.length >= BUSY && this.status === 'ready') this.#gather();
    return super.sendCommand(command, stream);
  }

  #gather(): void {
    const socket = this.stream;
    if (this.#gathered === 0) {
      socket.cork();
      process.nextTick(() => {
        this.#gathered = 0;
        socket.uncork();
      });
    } else if (this.#gathered % AT_MOST === 0) {
      socket.uncork();
      socket.cork();
    }
    this.#gathered += 1;
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
