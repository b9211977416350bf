export { Environment, type Variables } from './environment.ts';
export { LOG_LEVELS, readLogLevel, type LogLevel } from './log-level.ts';
export { checkNamespace, readNamespace } from './namespace.ts';
export { NODE_ENVS, readNodeEnv, type NodeEnv } from './node-env.ts';
export {
  decoyHash,
  hashPassword,
  MAX_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
  passwordHashProblem,
  verifyPassword,
} from './password.ts';
export { parseUrl, type ParsedUrl, type UrlOptions } from './parse-url.ts';
export {
  isRedisAddress,
  parseRedisAddress,
  REDIS_PROTOCOLS,
  requireRedisAddress,
  type ClusterAddress,
  type ParsedRedisAddress,
  type RedisAddress,
  type RedisHost,
  type SentinelAddress,
  type SingleAddress,
} from './redis-address.ts';
export { readRedisUrl } from './redis-url.ts';
export { integer, line, words, type UrlParameter, type UrlParameters } from './url-parameters.ts';
export { requireNode } from './require-node.ts';
export * from './invalid-config-error.ts';
