import { ShiftworkError } from '../../errors/index.ts';

/**
 * Why a job was not replayed.
 * - `unknown`: there is no such job, or it is past its retention
 * - `open`: it waits or runs, also where somebody has replayed it
 * - `replayed`: it was replayed with other data, as the job in `otherId`
 * - `key-held`: its key stands for the job in `otherId`, which was enqueued since
 * - `expired`: it would end as expired again, unless its data is given anew
 * - `unreadable`: what is stored of it fits no known version, or was forgotten when it ended
 * - `other-contract`: the job is not of the contract that was given
 * - `other-key`: the contract's key of the new data is another than the job's
 * - `in-flow`: a parent or a child of a flow runs again only as it is
 * - `busy`: somebody else acts on it at this moment
 */
export type ReplayRefusal =
  | 'unknown'
  | 'open'
  | 'replayed'
  | 'key-held'
  | 'expired'
  | 'unreadable'
  | 'other-contract'
  | 'other-key'
  | 'in-flow'
  | 'busy';

const WORDS: Readonly<Record<ReplayRefusal, (other: string) => string>> = {
  unknown: () =>
    'to be known, and it is not: it never was queued here, or is past its retention. Ask with the id of its receipt',
  open: () => 'to have ended, and it waits or runs. Update it while it waits, or let it end',
  replayed: other => `to be replayed once, and it was, with other data: job ${other}. Look at that one`,
  'key-held': other =>
    `to have its key, and that stands for job ${other}, which was enqueued since. Let that end or cancel it, or discard this one`,
  expired: () => 'to run again, and it has expired. Replay it with its data given anew, or discard it',
  unreadable: () =>
    'to have data that this release can read, and it has not, or it was forgotten when the job ended. Replay it with its data given anew',
  'other-contract': () => 'to be of the contract that was given, and it is of another. Give the contract of its name',
  'other-key': () =>
    'to keep its key, and the key of the new data is another. Enqueue another job, and discard this one',
  'in-flow': () =>
    'to keep its data, since it is in a flow whose other jobs know it by its id. Replay it as it is, or make another flow',
  busy: () => 'to be left alone by others for a moment, and somebody acts on it. Try again',
};

/** A job cannot be replayed as it stands; nothing of it was changed. */
export class ReplayRefusedError extends ShiftworkError {
  readonly code = 'REPLAY_REFUSED';
  readonly jobId: string;
  readonly reason: ReplayRefusal;
  /** The job that stands in the way, where one does. */
  readonly otherId: string | undefined;

  constructor(jobId: string, reason: ReplayRefusal, otherId?: string) {
    super(`Expected job ${jobId.slice(0, 200)} ${WORDS[reason]((otherId ?? '').slice(0, 200))}.`);
    this.jobId = jobId;
    this.reason = reason;
    this.otherId = otherId;
  }
}
