import type { FlowNode, FlowRequest, JobRequest } from '../../contracts/index.ts';
import { InvalidOptionsError, kindOf } from '../../errors/index.ts';
import { isJobRequest } from '../prepare/check-requests.ts';
import { FlowRefusedError } from './flow-refused-error.ts';

const MOST_JOBS = 10_000;

/**
 * The jobs of a flow, parents before their children.
 * @throws InvalidOptionsError, FlowRefusedError: from plain JavaScript comes anything
 */
export function checkFlow(flow: FlowRequest): readonly JobRequest[] {
  // Called with a parent and its children side by side it would queue the parent alone.
  if (isJobRequest(flow)) {
    throw new InvalidOptionsError(
      'Expected a flow, got a job without children. Call client.flow(flow(parent, [children])), or enqueue the job by itself.',
    );
  }
  const jobs: JobRequest[] = [];
  walk(flow, jobs, new Set(), new Set());
  return jobs;
}

function walk(node: FlowNode, jobs: JobRequest[], above: ReadonlySet<unknown>, seen: Set<unknown>): void {
  const request = requestOf(node);
  if (request === undefined) {
    throw new InvalidOptionsError(
      `Expected a job of a flow to be made by calling a contract, contract(data), or by flow(parent, [children]), got ${kindOf(node)}.`,
    );
  }
  const { name, key } = request.contract;
  if (above.has(node) || above.has(request))
    throw new FlowRefusedError(name, 'a circle', 'Let no job be among its own children: a parent waits for them.');
  if (seen.has(node))
    throw new FlowRefusedError(name, 'one job in two places', 'Call the contract once for each place: each is a job.');
  if (key.of !== undefined || request.options.idempotencyKey !== undefined) {
    throw new FlowRefusedError(
      name,
      'a job with a key',
      'A key may stand for a job that does not know of this parent, which would wait for ever: take a contract without a key and guard the effect by run.once, or make a batch.',
    );
  }
  seen.add(node);
  jobs.push(request);
  if (jobs.length > MOST_JOBS)
    throw new InvalidOptionsError(`Expected a flow to have at most ${MOST_JOBS} jobs, got more. Make a batch of them.`);
  if (node.kind !== 'flow') return;
  if (!Array.isArray(node.children) || node.children.length === 0) {
    throw new InvalidOptionsError(
      `Expected the parent "${name}" of a flow to have at least one child, got ${Array.isArray(node.children) ? 'none' : kindOf(node.children)}. Enqueue it by itself where it has none.`,
    );
  }
  const path = new Set([...above, node, request]);
  for (const child of node.children) walk(child, jobs, path, seen);
}

function requestOf(node: unknown): JobRequest | undefined {
  if (isJobRequest(node)) return node;
  if (typeof node !== 'object' || node === null || !('kind' in node) || node.kind !== 'flow' || !('parent' in node))
    return undefined;
  return isJobRequest(node.parent) ? node.parent : undefined;
}
