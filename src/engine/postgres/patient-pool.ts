import { Socket } from 'node:net';
import { Client, Pool, type ClientConfig, type Connection, type PoolClient, type PoolConfig } from 'pg';
import { afterOwnTime } from '../../time/index.ts';

export interface PoolLimits {
  /** Until a new connection stands, and for whoever waits for one while the pool gets no answer, or gives something up, in milliseconds. */
  readonly connectMs: number;
  /** For how long nothing may come of the answer to a statement: its connection is cut then. */
  readonly answerMs: number;
}

/** What the pool has heard of its server. */
interface Heard {
  answers: number;
  /** Connections that were cut because nothing came. */
  givenUp: number;
}

type Connected = (error: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void;

/**
 * pg's pool, with limits that tell a server that is away from a process that has much to do. pg's own go by the machine's clock: a process that stood
 * still gave up statements that were answered. And they hold for a place in the line as well: who asked for a hundred things at once over ten
 * connections was told of an outage by a server that answered all the time. Here time is counted in turns of this process, and whoever waits in the
 * line is late when the pool gets no answer. A server that answers some things and leaves others (it takes connections, and a disk, a lock or a replica
 * holds up every write) would keep the line waiting for as long as it is: once something was given up while somebody waits, answers to others give no more time.
 * Relies on pg 8: its pool makes clients of the class that it is given, out of its own options, its `query` asks `connect` for a client, and its line holds
 * what `connect` was given.
 */
export class PatientPool extends Pool {
  readonly #connectMs: number;
  readonly #heard: Heard;

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
      this.#leave(served);
      callback(timedOut(), undefined, () => undefined);
    };
    const end = afterOwnTime(this.#connectMs, late, moved);
    const served: Connected = (error, client, done) => {
      end();
      // Its connection has come after all: nobody waits for it any more.
      if (isLate) return client?.release();
      callback(error, client, done);
    };
    super.connect(served);
  }

  /** Out of the line: those who were told of an outage would stand there, with all that they had to write, for as long as it lasts. */
  #leave(served: Connected): void {
    const line: unknown = Reflect.get(this, '_pendingQueue');
    if (!Array.isArray(line)) return;
    const at = line.findIndex((waiting: { readonly callback?: unknown }) => waiting.callback === served);
    if (at !== -1) line.splice(at, 1);
  }
}

/** As a pool of pg makes its clients; each connects at once. */
function clientWithin({ connectMs, answerMs }: PoolLimits, heard: Heard): new (config?: ClientConfig) => Client {
  return class extends Client {
    constructor(config?: ClientConfig) {
      super(config);
      const giveUp = (): void => {
        heard.givenUp += 1;
        this.connection.stream.destroy(timedOut());
      };
      const end = afterOwnTime(connectMs, giveUp);
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
