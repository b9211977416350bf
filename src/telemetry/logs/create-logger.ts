import { createRequire } from 'node:module';
import { pino, stdSerializers, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { Environment, type Variables } from '../../config/index.ts';

export interface LoggerOptions {
  /** Which program speaks, such as `worker`. */
  readonly name: string;
  /** Read for LOG_LEVEL and NODE_ENV. */
  readonly variables: Variables;
  /** Standard output when left out. */
  readonly stream?: DestinationStream;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/**
 * One JSON object a line: `level` as a word, `time` in ISO 8601, errors under `err` with code, stack and cause. For people at a
 * terminal in development the same lines are made readable, if pino-pretty is installed.
 */
export function createLogger({ name, variables, stream }: LoggerOptions): Logger {
  const level = new Environment(variables).oneOf('LOG_LEVEL', LOG_LEVELS, 'info');
  return pino(
    {
      level,
      base: { service: name, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause },
    },
    stream ?? destination(variables),
  );
}

function destination(variables: Variables): DestinationStream {
  if (variables['NODE_ENV'] !== 'production' && process.stdout.isTTY) {
    const pretty = prettyStream();
    if (pretty !== undefined) return pretty;
  }
  // Synchronous: the last line before an exit is the one that matters.
  return pino.destination({ dest: 1, sync: true });
}

/** A development dependency: production never loads it. */
function prettyStream(): DestinationStream | undefined {
  try {
    const make: unknown = createRequire(import.meta.url)('pino-pretty');
    if (typeof make !== 'function') return undefined;
    return make({ sync: true, ignore: 'pid,hostname,service', translateTime: 'HH:MM:ss' }) as DestinationStream;
  } catch {
    return undefined;
  }
}
