import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { EnqueueOptions, JobContract, JobRequest } from '../contracts/index.ts';
import type { JobReceipt } from './store/job-receipt.ts';

/** What producers need of a client; a test can give them another one. */
export interface Enqueuer {
  enqueue<Schema extends StandardSchemaV1>(
    contract: JobContract<Schema>,
    data: StandardSchemaV1.InferInput<Schema>,
    options?: EnqueueOptions,
  ): Promise<JobReceipt>;
  enqueueMany(requests: readonly JobRequest[]): Promise<readonly JobReceipt[]>;
}
