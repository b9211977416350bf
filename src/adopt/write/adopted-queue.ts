import { isQueueName } from '../../config/index.ts';
import { inferJobs, type InferredJob, type InferredJobs } from '../infer/infer-job.ts';
import type { QueueLook } from '../read/read-queue.ts';

const OLDEST_MAJOR = 5;

/** A queue with what was inferred of its jobs, and the names under which it is written down. The stored jobs themselves are gone. */
export interface AdoptedQueue extends Omit<QueueLook, 'sample'>, Omit<InferredJobs, 'jobs'> {
  readonly jobs: readonly AdoptedJob[];
  readonly looked: number;
  readonly tooLarge: number;
  readonly unreadable: number;
  /** Undefined where connections may not be listed. */
  readonly workers: number | undefined;
  /** Of the file of its contracts, without `.ts`. */
  readonly file: string;
  /** As its contracts name it: a new one where a contract cannot have its name, or our workers cannot run its jobs. */
  readonly contractQueue: string;
}

export interface AdoptedJob extends InferredJob {
  /** Of the exported constant: unique in the file. */
  readonly constant: string;
}

export function adoptQueue(look: QueueLook, workers: number | undefined): AdoptedQueue {
  const { sample, ...queue } = look;
  const { jobs, ...names } = inferJobs(sample.jobs);
  const taken = new Set<string>();
  const file = fileOf(queue.prefix, queue.name);
  return {
    ...queue,
    ...names,
    jobs: jobs.map(job => ({ ...job, constant: free(constantOf(job.name), taken) })),
    looked: sample.jobs.length,
    tooLarge: sample.tooLarge,
    unreadable: sample.unreadable,
    workers,
    file,
    contractQueue: contractQueueOf(queue, file),
  };
}

/** Jobs of an older layout and ours must not meet in one queue. */
function contractQueueOf(queue: Pick<QueueLook, 'name' | 'origin'>, file: string): string {
  if (!isQueueName(queue.name)) return file;
  return isTooOld(queue) ? `${queue.name}-2` : queue.name;
}

/** Whether our workers cannot run its jobs: the layout is older than that of BullMQ 5, or may be. */
export function isTooOld({ origin }: Pick<QueueLook, 'origin'>): boolean {
  switch (origin.library) {
    case 'bullmq':
      return origin.version === undefined || Number.parseInt(origin.version, 10) < OLDEST_MAJOR;
    case 'bullmq-5-or-newer':
      return false;
    case 'bullmq-4-or-older':
    case 'bull':
      return true;
  }
}

/** A queue that does not tell of which BullMQ it is, such as one of flows that never ran: it is of that of its neighbours under the same prefix. */
export function settleOrigins(queues: readonly AdoptedQueue[]): readonly AdoptedQueue[] {
  return queues.map(queue => {
    if (!isUnknown(queue)) return queue;
    const others = queues.filter(other => other.prefix === queue.prefix && !isUnknown(other));
    if (others.length === 0 || others.some(isTooOld)) return queue;
    const known = { ...queue, origin: { library: 'bullmq-5-or-newer' } as const };
    return { ...known, contractQueue: contractQueueOf(known, queue.file) };
  });
}

function isUnknown({ origin }: Pick<QueueLook, 'origin'>): boolean {
  return origin.library === 'bullmq' && origin.version === undefined;
}

/** `send-mail`, `send.mail` and `sendMail` are `sendMail`. */
function constantOf(name: string): string {
  const parts = name.split(/[^A-Za-z0-9]+/).filter(part => part !== '');
  const joined = parts.map((part, index) => (index === 0 ? lowerFirst(part) : upperFirst(part))).join('');
  return /^[a-z]/i.test(joined) ? joined : `job${upperFirst(joined)}`;
}

function fileOf(prefix: string, name: string): string {
  const plain = (text: string): string => text.replace(/[^\w.-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '') || 'queue';
  return prefix === 'bull' ? plain(name) : `${plain(prefix)}.${plain(name)}`;
}

/** `Job` behind it, since a name such as `delete` is a word of the language; then numbers. */
function free(constant: string, taken: Set<string>): string {
  let found = `${constant}Job`;
  for (let number = 2; taken.has(found); number += 1) found = `${constant}Job${number}`;
  taken.add(found);
  return found;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
