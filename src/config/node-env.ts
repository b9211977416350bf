import type { Environment } from './environment.ts';

const NODE_ENVS = ['development', 'test', 'production'] as const;

export type NodeEnv = (typeof NODE_ENVS)[number];

/** NODE_ENV, `development` when unset. Another word is a fault: `prod` would run with what only development allows. */
export function readNodeEnv(environment: Environment): NodeEnv {
  return environment.oneOf('NODE_ENV', NODE_ENVS, 'development');
}
