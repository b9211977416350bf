import { createHash } from 'node:crypto';
import { declaredKeys, type RedisClient } from '../../redis/index.ts';
import { signOf } from '../../resilience/index.ts';

const shas = new Map<string, string>();

/** Runs a script by its digest: its text is sent to a server that does not know it yet, and to no other. */
export async function runScript(
  redis: RedisClient,
  script: string,
  used: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const keys = declaredKeys(redis, used);
  try {
    return await redis.evalsha(shaOf(script), keys.length, ...keys, ...args);
  } catch (error) {
    if (signOf(error) !== 'NOSCRIPT') throw error;
    return redis.eval(script, keys.length, ...keys, ...args);
  }
}

function shaOf(script: string): string {
  let sha = shas.get(script);
  if (sha === undefined) {
    sha = createHash('sha1').update(script).digest('hex');
    shas.set(script, sha);
  }
  return sha;
}
