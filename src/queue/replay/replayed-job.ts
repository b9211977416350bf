import type { AnyJobContract } from '../../contracts/index.ts';
import type { EngineJob, EngineQueue } from '../../engine/index.ts';

/** What runs again. */
export interface ReplayedJob {
  /** The job itself; a new one where its data was changed. */
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** The job that was replayed, where this is a new one in its place. */
  readonly replayOf: string | undefined;
  /** The steps whose results it keeps, and will not do again: without sensitive values in their names. A new job has none. */
  readonly skips: readonly string[];
}

/** A job that has ended, and the contract by which it is read. */
export interface EndedFor {
  readonly job: EngineJob;
  readonly id: string;
  readonly queue: EngineQueue;
  readonly from: 'failed' | 'completed';
  readonly contract: AnyJobContract;
  readonly by: string;
}
