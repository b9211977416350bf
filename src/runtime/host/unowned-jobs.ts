import type { Engine, EngineJob } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { bareError } from '../../privacy/index.ts';
import { jobFieldsOf, readStoredJob } from '../../queue/index.ts';

export interface UnownedJobsOptions {
  readonly engine: Engine;
  readonly facts: Facts;
  /** The name of the worker that noticed. */
  readonly worker: string;
}

/** States what becomes of jobs that no run of ours accounts for. What the facts say of them is read from the jobs. */
export class UnownedJobs {
  readonly #options: UnownedJobsOptions;

  constructor(options: UnownedJobsOptions) {
    this.#options = options;
  }

  async stalled(jobId: string, queue: string): Promise<void> {
    const { engine, facts } = this.#options;
    if (!facts.wants('job.stalled')) return;
    const read = engine.queue(queue).then(holder => readStoredJob(holder, jobId));
    const job = await read.catch(() => undefined);
    facts.state('job.stalled', { ...(job !== undefined && jobFieldsOf(job, queue)), jobId, queue });
  }

  /** It stalled too often, or what its run came to could not be told to BullMQ. */
  ended(job: EngineJob, queue: string, error: Error): void {
    const { facts, worker } = this.#options;
    if (job.finishedOn === undefined) {
      // BullMQ runs it again.
      facts.state('worker.error', { worker, queue, error: bareError(error) });
      return;
    }
    if (!facts.wants('job.dead')) return;
    facts.state('job.dead', {
      ...jobFieldsOf(job, queue),
      attempt: job.attemptsMade,
      worker,
      ranMs: 0,
      reason: job.deferredFailure === undefined ? 'attempts-exhausted' : 'stalled',
      error: bareError(error),
    });
  }
}
