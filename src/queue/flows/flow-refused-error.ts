import { ShiftworkError } from '../../errors/index.ts';

/** What was given is no flow that can be queued: a job stands in it twice or among its own children, or one has a key. Nothing was queued. */
export class FlowRefusedError extends ShiftworkError {
  readonly code = 'FLOW_REFUSED';
  /** The contract of the job that is to blame. */
  readonly contract: string;

  constructor(contract: string, found: string, advice: string) {
    super(`Expected a flow as a tree of jobs, found ${found} at "${contract}". ${advice}`);
    this.contract = contract;
  }
}
