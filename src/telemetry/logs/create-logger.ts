import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import type * as Pino from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { requireOptional } from '../../errors/index.ts';
import { Environment, readLogLevel, type Variables } from '../../config/index.ts';
import { describeError } from './describe-error.ts';

export interface LoggerOptions {
  /** Which program speaks, such as `worker`. */
  readonly name: string;
  /** Read for LOG_LEVEL and NODE_ENV. A wrong LOG_LEVEL counts as `info` here: `readLogLevel` reports it. */
  readonly variables: Variables;
  /** Standard output when left out. */
  readonly stream?: DestinationStream;
  /** Lines for people instead of JSON. By default outside production when standard output is a terminal. */
  readonly pretty?: boolean;
}

/**
 * One JSON object a line: `level` as a word, `time` in ISO 8601 (what log services read without being told), `service`, `pid`
 * and `host`; errors under `err` with type, code, message, stack and causes. For people at a terminal in development the same
 * lines are made readable, if pino-pretty is installed.
 */
export function createLogger({ name, variables, stream, pretty }: LoggerOptions): Logger {
  const pino = requireOptional<typeof Pino>('pino', 'log lines');
  return pino.pino(
    {
      level: readLogLevel(new Environment(variables)),
      base: { service: name, pid: process.pid, host: hostname() },
      timestamp: isoTime(),
      formatters: { level: label => ({ level: label }) },
      serializers: { err: describeError },
    },
    stream ?? standardOutput(pino, pretty ?? (variables['NODE_ENV'] !== 'production' && process.stdout.isTTY)),
  );
}

/** As pino's own `isoTime`, made once a millisecond: at full speed a dozen lines share one (0.7 us a line, measured). */
function isoTime(): () => string {
  let madeAt = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== madeAt) {
      madeAt = now;
      text = `,"time":"${new Date(now).toISOString()}"`;
    }
    return text;
  };
}

function standardOutput({ pino }: typeof Pino, pretty: boolean): DestinationStream {
  // Synchronous: the last line before an exit is the one that matters.
  return (pretty ? prettyStream() : undefined) ?? pino.destination({ dest: 1, sync: true });
}

/** A development dependency: production never loads it. */
function prettyStream(): DestinationStream | undefined {
  try {
    const make: unknown = createRequire(import.meta.url)('pino-pretty');
    if (typeof make !== 'function') return undefined;
    return make({ sync: true, ignore: 'pid,host,service', translateTime: 'HH:MM:ss' }) as DestinationStream;
  } catch {
    return undefined;
  }
}
