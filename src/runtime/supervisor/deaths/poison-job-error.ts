import { ShiftworkError } from '../../../errors/index.ts';

/** A job ended the process that ran it, again and again, the last time with no other job beside it. */
export class PoisonJobError extends ShiftworkError {
  readonly code = 'POISON_JOB';

  constructor(name: string, crashes: number) {
    super(
      `Job "${name}" was running at ${crashes} deaths of its process, at the last one alone. ` +
        'Look at what its handler does with this data (memory, native code, process.exit), then replay it.',
    );
  }
}
