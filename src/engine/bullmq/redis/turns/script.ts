import { createHash } from 'node:crypto';
import { declaredKeys, type RedisClient } from '../../../../redis/index.ts';

export type ScriptArgument = string | number | Buffer;

/** A Lua script on one connection. It is sent whole until the server has said once that it has it: what is sent together runs in its order. */
export class Script {
  readonly #redis: RedisClient;
  readonly #text: string;
  readonly #sha: string;
  #known = false;

  constructor(redis: RedisClient, text: string) {
    this.#redis = redis;
    this.#text = text;
    this.#sha = createHash('sha1').update(text).digest('hex');
  }

  async run(used: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    const keys = declaredKeys(this.#redis, used);
    if (this.#known) {
      try {
        return await this.#redis.evalsha(this.#sha, keys.length, ...keys, ...args);
      } catch (error) {
        // The server has been restarted, or its scripts were flushed.
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        this.#known = false;
      }
    }
    const answer: unknown = await this.#redis.eval(this.#text, keys.length, ...keys, ...args);
    this.#known = true;
    return answer;
  }
}
