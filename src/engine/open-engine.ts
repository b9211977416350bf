import {
  checkNamespace,
  InvalidConfigError,
  isRedisAddress,
  parseUrl,
  REDIS_PROTOCOLS,
  requireRedisAddress,
  requireNode,
} from '../config/index.ts';
import { InvalidOptionsError, kindOf } from '../errors/index.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { MemoryEngine } from './memory/index.ts';
import { PostgresEngine } from './postgres/postgres-engine.ts';
import { RedisEngine } from './redis/redis-engine.ts';

const NAME = 'the engine URL';
const MEMORY = /^memory:\/\/[a-z0-9-]+$/i;
const POSTGRES: readonly string[] = ['postgres:', 'postgresql:'];

/**
 * Chooses the engine by the URL's scheme. Connects on first use, not here.
 * @throws InvalidConfigError when Node is too old, or the URL or the namespace is wrong; the message never repeats the URL; InvalidOptionsError
 */
export function openEngine(options: EngineOptions): Engine {
  requireNode();
  requireOptions(options);
  const own = { ...options, namespace: checkNamespace(options.namespace) };
  // In tests alone: no message offers it.
  if (MEMORY.test(options.url)) return new MemoryEngine(new URL(options.url), own);
  if (isRedisAddress(options.url)) {
    return new RedisEngine(requireRedisAddress(NAME, options.url), own);
  }
  const { url, problems } = parseUrl(NAME, options.url, { protocols: [...REDIS_PROTOCOLS, ...POSTGRES] });
  if (url === undefined) throw new InvalidConfigError(problems);
  return new PostgresEngine(url, own);
}

/** Plain JavaScript leaves out anything. */
function requireOptions(options: unknown): void {
  const what = 'Expected openEngine() to get { url, role }';
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionsError(`${what}, got ${kindOf(options)}.`);
  const url: unknown = Reflect.get(options, 'url');
  if (typeof url !== 'string') throw new InvalidOptionsError(`${what}, with a url as text, got ${kindOf(url)} for it.`);
  const role: unknown = Reflect.get(options, 'role');
  if (role === 'producer' || role === 'worker') return;
  throw new InvalidOptionsError(`${what}, with "producer" or "worker" as role, got something else for it.`);
}
