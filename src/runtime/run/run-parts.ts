import type { JobRequest, RunChildren } from '../../contracts/index.ts';
import type { RunStepper, RunVoice } from './run-voice.ts';

/** Timeouts are counted from `begunAt`, by this process's own clock: whoever sets the machine's must not end what runs. */
export interface RunStart {
  readonly jobId: string;
  readonly attempt: number;
  readonly attempts: number;
  readonly begunAt: number;
  readonly job: { readonly timestamp: number };
  readonly meta: {
    readonly correlationId: string | undefined;
    readonly traceparent: string | undefined;
    readonly batchId?: string | undefined;
  };
}

/** What is made for a run when its handler first asks for it. */
export interface RunParts<Job> {
  readonly voice: (job: Job) => RunVoice;
  readonly stepper: (job: Job) => RunStepper;
  readonly children: (job: Job) => RunChildren;
  /** Adds members to the batch of the job: `call` is 1 for the first call of a run. */
  readonly addMembers: (batchId: string, call: number, jobs: readonly JobRequest[]) => Promise<readonly string[]>;
}
