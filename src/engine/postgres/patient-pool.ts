import { Socket } from 'node:net';
import { Client, Pool, type ClientConfig, type Connection, type PoolClient, type PoolConfig } from 'pg';
import { afterOwnTime } from '../../time/index.ts';

export interface PoolLimits {
  /** For whoever waits for a connection while the pool gets no answer, or gives something up, in milliseconds. */
  readonly connectMs: number;
  /** Until a new connection stands. */
  readonly standMs: number;
  /** For how long nothing may come of the answer to a statement: its connection is cut then. */
  readonly answerMs: number;
}

/** What the pool has heard of its server. */
interface Heard {
  answers: number;
  /** Connections that were cut because nothing came. */
  givenUp: number;
}

/** In the pool's own line. */
interface Waiting {
  readonly callback?: unknown;
}

type Connected = (error: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void;

/**
 * pg's pool, with limits that tell a server that is away from a process that has much to do. pg's own go by the machine's clock: a process that stood
 * still gave up statements that were answered. And they hold for a place in the line as well: who asked for a hundred things at once over ten
 * connections was told of an outage by a server that answered all the time. Here time is counted in turns of this process, and whoever waits in the
 * line is late when the pool gets no answer. A server that answers some things and leaves others (it takes connections, and a disk, a lock or a replica
 * holds up every write) would keep the line waiting for as long as it is: once something was given up while somebody waits, answers to others give no more time.
 * A connection costs a server far more than what is asked on it. One that takes longer than somebody waits comes all the same, and whoever asks
 * meanwhile gets it: after a restart under load twenty processes cut theirs each time just before they stood, began anew, and kept the server so busy that
 * none ever did.
 * Relies on pg 8: its pool makes clients of the class that it is given, out of its own options, its `query` asks `connect` for a client, and its line holds
 * what `connect` was given.
 */
export class PatientPool extends Pool {
  readonly #connectMs: number;
  readonly #heard: Heard;
  /** Connections under way that nobody waits for any more: as many of those who ask begin none. */
  #unawaited = 0;

  constructor(config: PoolConfig, limits: PoolLimits) {
    const heard: Heard = { answers: 0, givenUp: 0 };
    super({ ...config, Client: clientWithin(limits, heard) });
    this.#connectMs = limits.connectMs;
    this.#heard = heard;
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<PoolClient> | void {
    if (callback === undefined) {
      return new Promise((resolve, reject) =>
        this.connect((error, client) => (client === undefined ? reject(error) : resolve(client))),
      );
    }
    const { givenUp } = this.#heard;
    let { answers } = this.#heard;
    const moved = (): number => {
      if (this.#heard.givenUp === givenUp) ({ answers } = this.#heard);
      return answers;
    };
    let isLate = false;
    const late = (): void => {
      isLate = true;
      if (!this.#leave(served)) this.#unawaited += 1;
      callback(timedOut(), undefined, () => undefined);
    };
    const end = afterOwnTime(this.#connectMs, late, moved);
    const served: Connected = (error, client, done) => {
      end();
      if (!isLate) return callback(error, client, done);
      // Its connection has come after all, or never will.
      this.#unawaited -= 1;
      client?.release();
    };
    // In the line, whatever comes first is theirs: one of those, or one that somebody gives back.
    const line = this.idleCount === 0 && this.#unawaited > this.waitingCount ? this.#line() : undefined;
    if (line === undefined || this.ending) super.connect(served);
    else line.push({ callback: served });
  }

  /**
   * Out of the line: those who were told of an outage would stand there, with all that they had to write, for as long as it lasts. Answers whether they
   * stood in one: whoever did not has a connection under way.
   */
  #leave(served: Connected): boolean {
    const line = this.#line();
    const at = line?.findIndex(({ callback }) => callback === served) ?? -1;
    return at !== -1 && line?.splice(at, 1) !== undefined;
  }

  #line(): Waiting[] | undefined {
    const line: unknown = Reflect.get(this, '_pendingQueue');
    return Array.isArray(line) ? line : undefined;
  }
}

/** As a pool of pg makes its clients; each connects at once. */
function clientWithin({ standMs, answerMs }: PoolLimits, heard: Heard): new (config?: ClientConfig) => Client {
  return class extends Client {
    constructor(config?: ClientConfig) {
      super(config);
      const giveUp = (): void => {
        heard.givenUp += 1;
        this.connection.stream.destroy(timedOut());
      };
      const end = afterOwnTime(standMs, giveUp);
      this.once('connect', () => {
        end();
        answered();
      });
      this.once('end', end);
      const { query } = this;
      Object.defineProperty(this, 'query', {
        value: (...args: readonly unknown[]): unknown =>
          // An answer of megabytes comes in pieces.
          asked(query.bind(this), args, () => afterOwnTime(answerMs, giveUp, () => bytesRead(this.connection))),
      });
    }
  };

  function answered(): void {
    heard.answers += 1;
  }

  /** With a callback in the end, as the pool asks, or with a promise for an answer. */
  function asked(ask: (...args: never) => unknown, args: readonly unknown[], begin: () => () => void): unknown {
    const end = begin();
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      const heard = (error: unknown, result: unknown): void => {
        end();
        if (!error) answered();
        Reflect.apply(callback, undefined, [error, result]);
      };
      return Reflect.apply(ask, undefined, [...args.slice(0, -1), heard]);
    }
    const answer: unknown = Reflect.apply(ask, undefined, args);
    if (answer instanceof Promise) {
      answer.then(answered, () => undefined).finally(end);
    } else {
      // A cursor, say, which nobody has here: it says itself how it ends.
      end();
    }
    return answer;
  }
}

/** Of its socket, or of the TLS in it. */
function bytesRead({ stream }: Connection): unknown {
  return stream instanceof Socket ? stream.bytesRead : undefined;
}

function timedOut(): Error {
  return Object.assign(new Error('No answer came in time.'), { code: 'ETIMEDOUT' });
}
