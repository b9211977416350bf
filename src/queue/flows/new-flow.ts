import type { ChildFailure, FlowNode, FlowRequest } from '../../contracts/index.ts';
import type { NewFlow, ParentPolicy } from '../../engine/index.ts';
import type { PreparedJob } from '../prepare/prepare.ts';

/** What was queued as a flow. */
export interface FlowReceipt {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** In the order of the children; empty for a job without any. */
  readonly children: readonly FlowReceipt[];
}

const POLICIES: Readonly<Record<ChildFailure, ParentPolicy>> = {
  wait: {},
  fail: { failParentOnFailure: true },
  continue: { continueParentOnFailure: true },
  ignore: { ignoreDependencyOnFailure: true },
  remove: { removeDependencyOnFailure: true },
};

/** `jobs`: of the flow, parents before their children. `now`: engine time. */
export function newFlow(flow: FlowRequest, jobs: readonly PreparedJob[], now: number): NewFlow {
  const left = jobs[Symbol.iterator]();
  const made = (node: FlowNode, policy: ParentPolicy): NewFlow => {
    const { value: job } = left.next();
    if (job === undefined) throw new TypeError('Expected as many jobs as the flow has.');
    const { id, contract, stored: data, options, metadata } = job;
    const stored = { id, name: contract.name, data, opts: { ...options, ...policy }, metadata, timestamp: now };
    const children = node.kind === 'flow' ? node.children.map(child => made(child, POLICIES[node.onChildFailure])) : [];
    return { queue: contract.queue, job: stored, children };
  };
  return made(flow, {});
}

export function flowReceipt({ queue, job, children }: NewFlow): FlowReceipt {
  return { id: job.id, name: job.name, queue, children: children.map(flowReceipt) };
}
