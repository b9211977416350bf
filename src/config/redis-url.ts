import type { Environment } from './environment.ts';
import { parseRedisAddress, type RedisAddress } from './redis-address.ts';

/** REDIS_URL; what is wrong with it is a fault of the environment. */
export function readRedisUrl(environment: Environment): RedisAddress | undefined {
  const text = environment.string('REDIS_URL');
  if (text === undefined) return undefined;
  const { address, problems = [] } = parseRedisAddress('REDIS_URL', text);
  for (const problem of problems) environment.problem(problem);
  return address;
}
