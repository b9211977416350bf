import type { DeadReason } from '../../facts/index.ts';

/** The end of a job that is dead, for the contract's `onDead`. */
export interface Death<Data = unknown> {
  /** As `client.job` and `client.replay` take it: `QUEUE/ID` of a job of another program. */
  readonly jobId: string;
  readonly jobName: string;
  readonly queue: string;
  /** When it ended, by the engine's clock. */
  readonly at: Date;
  readonly attempts: number;
  readonly reason: DeadReason;
  /** What the last attempt failed with, without what is sensitive. */
  readonly message: string;
  /** As the schema has validated it; undefined where the stored data could not be read. */
  readonly data: Data | undefined;
}
