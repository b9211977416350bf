import { availableParallelism, totalmem } from 'node:os';
import { readAlertSettings, type AlertSettings } from '../../standing/index.ts';
import { readLogLevel, readNodeEnv, type Environment } from '../../config/index.ts';

/** What a supervisor reads beside the settings of its workers. */
export interface HostSettings {
  /** Worker processes. */
  readonly processes: number;
  readonly port: number | undefined;
  readonly maxMemoryMb: number | undefined;
  readonly alertThreshold: number;
  /** Undefined: nobody is told. */
  readonly alerts: AlertSettings | undefined;
}

/** What a worker process needs at rest, with room for the work of a few jobs. */
const MEMORY_PER_PROCESS = 160 * 1_048_576;

/** Every fault goes to the environment. */
export function readHostSettings(environment: Environment): HostSettings {
  readLogLevel(environment);
  readNodeEnv(environment);
  // Dead letters of events count in the alarm.
  environment.url('RABBITMQ_URL', { protocols: ['amqp:', 'amqps:'] });
  return {
    processes: environment.integer('WORKER_PROCESSES', { min: 1, max: 256 }) ?? defaultProcesses(),
    port: environment.integer('WORKER_PORT', { min: 0, max: 65_535 }),
    maxMemoryMb: environment.integer('WORKER_MAX_MEMORY_MB', { min: 64, max: 1_048_576 }),
    alertThreshold: environment.integer('DEAD_LETTER_ALERT', { min: 1, max: 1_000_000, fallback: 100 }),
    alerts: readAlertSettings(environment),
  };
}

/** One for each core, fewer where memory is short. */
function defaultProcesses(): number {
  const limit = process.constrainedMemory();
  // A machine without a limit of its own reports a huge number.
  const memory = limit > 0 && limit < totalmem() ? limit : totalmem();
  return Math.max(1, Math.min(availableParallelism(), Math.floor(memory / MEMORY_PER_PROCESS)));
}
