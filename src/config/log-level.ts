import type { Environment } from './environment.ts';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** LOG_LEVEL, `info` when unset or wrong; what is wrong is a fault of the environment. */
export function readLogLevel(environment: Environment): LogLevel {
  return environment.oneOf('LOG_LEVEL', LOG_LEVELS, 'info');
}
