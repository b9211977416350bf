import type { IQueueBackend, JobsOptions } from 'bullmq';
import { placeOfKey } from '../ends/index.ts';
import { parentPolicyOf, type NewJob } from '../turns/index.ts';
import type { MemoryJob } from './memory-job.ts';
import type { MemoryQueue } from './memory-queue.ts';

type Entries = Parameters<IQueueBackend['addFlow']>[0];

/** Adds parents before their children, as BullMQ hands them over. `queueOf`: the queue of that name. */
export function addFlow(
  entries: Entries,
  queueOf: (name: string) => MemoryQueue,
  newJob: (job: Entries[number]['jobData'], id: string) => NewJob,
): [Error | null, string | number][] {
  return entries.map(({ jobData, jobId, queueName, parentKeyOpts }) => {
    const queue = queueOf(queueName ?? '');
    const { id: parentId, queueKey = '' } = jobData.parent ?? {};
    const parent = parentId === undefined ? undefined : { queue: queueKey, id: parentId };
    const known = parent && queueOf(parent.queue).jobs.get(parent.id);
    if (parent !== undefined && known === undefined) return [null, -5];
    const id = queue.add(newJob(jobData, jobId ?? ''));
    const job = queue.jobs.get(id);
    if (job === undefined) return [null, id];
    job.parent = parent;
    known?.children.set(`${queueName}:${id}`, { state: 'pending' });
    if (parentKeyOpts?.addToWaitingChildren === true) job.state = 'waiting-children';
    return [null, id];
  });
}

/** Brings a child's end to its parent, as BullMQ's moveToFinished does. */
export function tellParent(job: MemoryJob, queue: string, queueOf: (name: string) => MemoryQueue): void {
  if (job.parent === undefined) return;
  const family = queueOf(job.parent.queue);
  const parent = family.jobs.get(job.parent.id);
  const key = `${queue}:${job.id}`;
  if (parent?.children.get(key)?.state !== 'pending') return;
  if (job.state === 'completed') parent.children.set(key, { state: 'processed', value: job.result });
  else {
    const policy = parentPolicyOf(JSON.parse(job.opts) as JobsOptions);
    if (policy === undefined) return;
    if (policy.removeDependencyOnFailure === true) parent.children.delete(key);
    else parent.children.set(key, { state: 'failed', value: job.failedReason ?? '' });
    if (policy.failParentOnFailure === true) parent.deferredFailure = `child ${key} failed`;
    if (policy.failParentOnFailure === true || policy.continueParentOnFailure === true) {
      family.release(parent);
      return;
    }
  }
  if (pendingOf(parent) === 0) family.release(parent);
}

/**
 * Removes a job with its children and theirs, and releases a parent that has waited for it alone, as BullMQ does. False where one of those that are not
 * over is claimed: then nothing is removed.
 */
export function removeFamily(job: MemoryJob, name: string, queueOf: (name: string) => MemoryQueue): boolean {
  if (isClaimed(job, name, queueOf)) return false;
  const left: [job: MemoryJob, queue: string][] = [[job, name]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [each, queue] = next;
    left.push(...childrenOf(each, queueOf, false));
    queueOf(queue).remove(each);
    if (each.parent === undefined) continue;
    const family = queueOf(each.parent.queue);
    const parent = family.jobs.get(each.parent.id);
    const key = `${queue}:${each.id}`;
    if (parent?.children.get(key)?.state !== 'pending') continue;
    parent.children.delete(key);
    if (pendingOf(parent) === 0) family.release(parent);
  }
  return true;
}

function isClaimed(job: MemoryJob, name: string, queueOf: (name: string) => MemoryQueue): boolean {
  const own = job.token !== undefined && job.lockedUntil > queueOf(name).now();
  return own || childrenOf(job, queueOf, true).some(([child, queue]) => isClaimed(child, queue, queueOf));
}

function childrenOf(
  { children }: MemoryJob,
  queueOf: (name: string) => MemoryQueue,
  isPending: boolean,
): [job: MemoryJob, queue: string][] {
  return [...children].flatMap(([key, { state }]): [MemoryJob, string][] => {
    if (isPending && state !== 'pending') return [];
    const { queue, id } = placeOfKey(key);
    const child = queueOf(queue).jobs.get(id);
    return child === undefined ? [] : [[child, queue]];
  });
}

export function pendingOf({ children }: MemoryJob): number {
  let pending = 0;
  for (const { state } of children.values()) if (state === 'pending') pending += 1;
  return pending;
}
