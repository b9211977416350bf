import { ShiftworkError } from '../../errors/index.ts';

/**
 * Why a job was not updated.
 * - `unknown`: there is no such job, or it is past its retention
 * - `runs`, `ended`, `cancelled`: it does not wait any more, or only for its end
 * - `waits-for-children`: what a parent carries may not change under its children
 * - `other-contract`: the job is not of the contract that was given
 * - `other-key`: the contract's key of the new data is another than the job's
 * - `busy`: others changed it again and again at the same moment
 */
export type UpdateRefusal =
  'unknown' | 'runs' | 'ended' | 'cancelled' | 'waits-for-children' | 'other-contract' | 'other-key' | 'busy';

const WORDS: Readonly<Record<UpdateRefusal, string>> = {
  unknown:
    'to be known, and it is not: it never was queued here, or is past its retention. Ask with the id of its receipt',
  runs: 'to wait, and it runs. Cancel it and enqueue another, or let it end',
  ended: 'to wait, and it has ended. Enqueue another, or replay the dead letter as it is',
  cancelled: 'to wait, and it has been cancelled. Enqueue another one',
  'waits-for-children': 'to wait for its turn, and it waits for its children. Update those, or cancel it',
  'other-contract': 'to be of the contract that was given, and it is of another. Give the contract of its name',
  'other-key': 'to keep its key, and the key of the new data is another. Cancel it and enqueue another job',
  busy: 'to stand still for a moment, and others changed it meanwhile. Try again',
};

/** A job cannot be updated as it stands; nothing of it was changed. */
export class UpdateRefusedError extends ShiftworkError {
  readonly code = 'UPDATE_REFUSED';
  readonly jobId: string;
  readonly reason: UpdateRefusal;

  constructor(jobId: string, reason: UpdateRefusal) {
    super(`Expected job ${jobId.slice(0, 200)} ${WORDS[reason]}.`);
    this.jobId = jobId;
    this.reason = reason;
  }
}
