import { Cluster, Redis, type ChainableCommander, type RedisOptions } from 'ioredis';
import type { RedisAddress } from '../../config/index.ts';
import { connectionOptions, credentialsOf, mastersOf } from '../../redis/index.ts';

const ANSWER_MS = 5_000;
/** Keys a call of SCAN looks at: Redis serves others in between. */
const SCAN_COUNT = 1_000;

/** What the caller may do with a server that is somebody else's: each of these only reads (ACL category `@read`). */
export type ReadCommands = Pick<
  ChainableCommander,
  'get' | 'hmget' | 'hstrlen' | 'llen' | 'lrange' | 'zcard' | 'zrange' | 'type'
>;

/** A connection that can only read. It announces nothing and asks for no INFO, so that a user with `+@read` alone can hold it. */
export class Reader implements AsyncDisposable {
  readonly #redis: Redis | Cluster;

  private constructor(redis: Redis | Cluster) {
    this.#redis = redis;
  }

  /** @throws the driver's error when nobody answers within 5 s, or the user or the database is refused */
  static async open(address: RedisAddress): Promise<Reader> {
    const common = {
      lazyConnect: true,
      protocol: 2,
      connectTimeout: ANSWER_MS,
      commandTimeout: ANSWER_MS,
      maxRetriesPerRequest: 1,
      retryStrategy: () => null,
      enableReadyCheck: false,
      disableClientInfo: true,
    } satisfies RedisOptions;
    const redis =
      address.kind === 'cluster'
        ? new Cluster([...address.nodes], {
            lazyConnect: true,
            enableReadyCheck: false,
            clusterRetryStrategy: () => null,
            redisOptions: { ...credentialsOf(address), ...common },
          })
        : new Redis({ ...connectionOptions(address, ''), ...common });
    // Each command rejects by itself.
    redis.on('error', () => undefined);
    await redis.connect();
    try {
      // Where its own SELECT was refused the driver goes on, in database 0.
      if (redis instanceof Redis && redis.options.db) await redis.select(redis.options.db);
    } catch (error) {
      redis.disconnect();
      throw error;
    }
    return new Reader(redis);
  }

  /** Many reads in one trip. On a cluster they are of one queue, and so of one slot. @throws the first error among the answers */
  async read(fill: (commands: ReadCommands) => void): Promise<readonly unknown[]> {
    const pipeline = this.#redis.pipeline();
    fill(pipeline);
    const answers = (await pipeline.exec()) ?? [];
    return answers.map(([error, answer]) => {
      if (error !== null) throw error;
      return answer;
    });
  }

  /**
   * Every key that matches, in portions, from each server that holds keys. A key may come twice.
   * @yields the keys of one portion, and how many keys were looked at so far
   */
  async *scan(pattern: string): AsyncGenerator<{ readonly keys: readonly string[]; readonly looked: number }> {
    let looked = 0;
    for (const server of mastersOf(this.#redis)) {
      let cursor = '0';
      do {
        const [next, keys] = await server.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
        cursor = next;
        looked += SCAN_COUNT;
        yield { keys, looked };
      } while (cursor !== '0');
    }
  }

  /** The names of the connections that are open. Undefined where the user may not ask: that is no reading command. */
  async connectionNames(): Promise<readonly string[] | undefined> {
    try {
      const lists = await Promise.all(mastersOf(this.#redis).map(server => server.client('LIST')));
      return lists.flatMap(list => [...String(list).matchAll(/ name=(\S+)/g)].map(([, name = '']) => name));
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
  }
}
