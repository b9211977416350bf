import type { Environment } from './environment.ts';

/** REDIS_URL; what is wrong with it is a fault of the environment. */
export function readRedisUrl(environment: Environment): URL | undefined {
  return environment.url('REDIS_URL', { protocols: ['redis:', 'rediss:'] });
}
