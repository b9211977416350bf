import { ShiftworkError } from '../../errors/index.ts';

/** What the queue holds fits no version of the contract that this release knows. Never retried. */
export class UndecodableJobError extends ShiftworkError {
  readonly code = 'JOB_UNDECODABLE';

  constructor(contract: string, detail: string) {
    super(
      `The stored data of "${contract}" cannot be read: ${detail}. Correct the data and replay, or discard the job.`,
    );
  }
}
