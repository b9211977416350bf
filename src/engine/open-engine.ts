import { checkNamespace, redisUrlProblem, InvalidConfigError } from '../config/index.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { PostgresEngine } from './postgres/postgres-engine.ts';
import { RedisEngine } from './redis/redis-engine.ts';

/**
 * Chooses the engine by the URL's scheme. Connects on first use, not here.
 * @throws InvalidConfigError when the URL or the namespace is wrong; the message never repeats the URL
 */
export function openEngine(options: EngineOptions): Engine {
  const url = URL.parse(options.url);
  const namespace = checkNamespace(options.namespace);
  switch (url?.protocol) {
    case 'redis:':
    case 'rediss:': {
      const problem = redisUrlProblem(url);
      if (problem !== undefined) throw new InvalidConfigError([problem]);
      return new RedisEngine(url, { ...options, namespace });
    }
    case 'postgres:':
    case 'postgresql:':
      return new PostgresEngine(url, { ...options, namespace });
    default:
      throw new InvalidConfigError([
        'Expected the engine URL to start with redis://, rediss://, postgres:// or postgresql://, ' +
          `got ${url ? `"${url.protocol}//..."` : 'no valid URL'}.`,
      ]);
  }
}
