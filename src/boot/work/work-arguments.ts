import { parseArgs } from 'node:util';
import { InvalidConfigError } from '../../config/index.ts';

export interface WorkArguments {
  readonly app: string | undefined;
  /** The name that a supervisor gave this worker. */
  readonly supervised: string | undefined;
  /** This worker takes no work but the one job that it is given. */
  readonly adopt: boolean;
}

/** @throws InvalidConfigError */
export function readWorkArguments(argv: readonly string[]): WorkArguments {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { app: { type: 'string' }, supervised: { type: 'string' }, adopt: { type: 'boolean', default: false } },
    });
    return { app: values.app, supervised: values.supervised, adopt: values.adopt };
  } catch (cause) {
    throw new InvalidConfigError([cause instanceof Error ? cause.message : String(cause)]);
  }
}
