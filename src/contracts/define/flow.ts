import { InvalidOptionsError, requireKnown, shown } from '../../errors/index.ts';
import type { JobRequest } from './job-contract.ts';

/**
 * What becomes of the parent where a child ends without success, for good: dead, cancelled or expired. The names in brackets are BullMQ's.
 * - `wait`: it waits until the child was replayed and has succeeded, or the parent is cancelled
 * - `fail`: it ends as dead, and so on upwards (failParentOnFailure)
 * - `continue`: it runs at once, whatever its other children do (continueParentOnFailure)
 * - `ignore`: it runs when the others have ended, and finds the child among `run.children` (ignoreDependencyOnFailure)
 * - `remove`: it runs when the others have ended, as if the child had never been (removeDependencyOnFailure)
 */
export type ChildFailure = 'wait' | 'fail' | 'continue' | 'ignore' | 'remove';

export interface FlowOptions {
  /** `fail` when left out. */
  readonly onChildFailure?: ChildFailure | undefined;
}

/** A parent with its children, not queued yet. Made by calling `flow()`. */
export interface FlowRequest {
  readonly kind: 'flow';
  readonly parent: JobRequest;
  readonly children: readonly FlowNode[];
  readonly onChildFailure: ChildFailure;
}

/** A child: a job, or one that has children itself. */
export type FlowNode = JobRequest | FlowRequest;

const KNOWN: ReadonlySet<string> = new Set(['onChildFailure']);
const POLICIES: ReadonlySet<unknown> = new Set<ChildFailure>(['wait', 'fail', 'continue', 'ignore', 'remove']);

/**
 * A job that runs once its children have ended, and gets their results (`run.children`). Children may be flows themselves.
 *
 * Use: `client.flow(flow(assemble({ orderId }), [pick({ orderId }), flow(pack({ orderId }), [...])]))`.
 * @throws InvalidOptionsError
 */
export function flow(parent: JobRequest, children: readonly FlowNode[], options: FlowOptions = {}): FlowRequest {
  requireKnown('options of a flow', options, KNOWN);
  const { onChildFailure = 'fail' } = options;
  if (!POLICIES.has(onChildFailure)) {
    throw new InvalidOptionsError(
      `Expected onChildFailure of a flow among ${[...POLICIES].join(', ')}, got ${shown(onChildFailure)}.`,
    );
  }
  return Object.freeze({ kind: 'flow', parent, children, onChildFailure });
}
