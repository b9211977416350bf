export { Environment, type Variables } from './environment.ts';
export { readLogLevel } from './log-level.ts';
export { checkNamespace, readNamespace } from './namespace.ts';
export { readNodeEnv } from './node-env.ts';
export { isQueueName, QUEUE_NAME_RULE } from './queue-name.ts';
export { decoyHash, hashPassword, passwordHashProblem, verifyPassword } from './password.ts';
export { parseUrl } from './parse-url.ts';
export {
  isRedisAddress,
  parseRedisAddress,
  REDIS_PROTOCOLS,
  requireRedisAddress,
  type ClusterAddress,
  type RedisAddress,
  type RedisHost,
  type SentinelAddress,
} from './redis-address.ts';
export { readRelease } from './release.ts';
export { readRedisUrl } from './redis-url.ts';
export { amongProxies, clientNetwork, plainAddress, readTrustProxy, type TrustProxy } from './trust-proxy.ts';
export { integer, line, words, type UrlParameters } from './url-parameters.ts';
export { requireNode } from './require-node.ts';
export { unknownOptions } from './unknown-options.ts';
export * from './invalid-config-error.ts';
