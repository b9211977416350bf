import { checkNamespace, InvalidConfigError, parseUrl } from '../config/index.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { PostgresEngine } from './postgres/postgres-engine.ts';
import { RedisEngine } from './redis/redis-engine.ts';

const REDIS: readonly string[] = ['redis:', 'rediss:'];
const POSTGRES: readonly string[] = ['postgres:', 'postgresql:'];

/**
 * Chooses the engine by the URL's scheme. Connects on first use, not here.
 * @throws InvalidConfigError when the URL or the namespace is wrong; the message never repeats the URL
 */
export function openEngine(options: EngineOptions): Engine {
  const { url, problems } = parseUrl('the engine URL', options.url, { protocols: [...REDIS, ...POSTGRES] });
  if (url === undefined) throw new InvalidConfigError(problems);
  const own = { ...options, namespace: checkNamespace(options.namespace) };
  return REDIS.includes(url.protocol) ? new RedisEngine(url, own) : new PostgresEngine(url, own);
}
