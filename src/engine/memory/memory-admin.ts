import { ErrorCode, type IQueueBackend } from 'bullmq';
import { removeFamily } from './memory-family.ts';
import type { MemoryJob } from './memory-job.ts';
import type { MemoryQueue } from './memory-queue.ts';
import { MemoryReads } from './memory-reads.ts';
import { Refusal } from './refusal.ts';

/** What people and programs do to a queue and its jobs beside running them: a part of the backend of BullMQ's classes. */
export class MemoryAdmin extends MemoryReads {
  async retryFinishedJob(
    { id = '' }: { readonly id?: string },
    state: 'failed' | 'completed',
    opts: Parameters<IQueueBackend['retryFinishedJob']>[2] = {},
  ): Promise<void> {
    const queue = await this.reached();
    const job = inState(queue, id, state, 'reprocessJob');
    queue.again(job);
    if (opts.resetAttemptsMade === true) job.attemptsMade = 0;
    if (opts.resetAttemptsStarted === true) job.attemptsStarted = 0;
  }

  async promote(jobId: string): Promise<void> {
    const queue = await this.reached();
    const job = inState(queue, jobId, 'delayed', 'promote');
    job.delay = 0;
    queue.requeue(job, false, undefined, 'delayed');
  }

  async retryFinishedJobs(
    state: 'failed' | 'completed' = 'failed',
    count = 1_000,
    timestamp = Number.POSITIVE_INFINITY,
  ): Promise<number> {
    const queue = await this.reached();
    const jobs = queue
      .inState(state)
      .filter(job => (job.finishedOn ?? 0) <= timestamp)
      .slice(0, count);
    for (const job of jobs) {
      queue.again(job);
      Object.assign(job, { attemptsMade: 0, attemptsStarted: 0 });
    }
    return jobs.length;
  }

  async promoteJobs(count = 1_000): Promise<number> {
    const queue = await this.reached();
    const jobs = queue.inState('delayed').slice(0, count);
    for (const job of jobs) queue.requeue(job, false, undefined, 'delayed');
    return jobs.length;
  }

  async pause(paused: boolean): Promise<void> {
    const queue = await this.reached();
    if (paused) queue.meta.set('paused', '1');
    else queue.meta.delete('paused');
    queue.events.say(paused ? 'paused' : 'resumed', {});
    if (!paused) queue.events.sign();
  }

  async drain(delayed: boolean): Promise<void> {
    const queue = await this.reached();
    for (const job of [...queue.inState('waiting'), ...(delayed ? queue.inState('delayed') : [])])
      queue.jobs.delete(job.id);
  }

  async cleanJobsByState(state: string, timestamp: number, limit = 0): Promise<string[]> {
    const queue = await this.reached();
    const states = { wait: 'waiting', paused: 'waiting', prioritized: 'waiting' } as Record<
      string,
      MemoryJob['state'] | undefined
    >;
    const jobs = queue
      .inState(states[state] ?? (state as MemoryJob['state']))
      .filter(job => (job.finishedOn ?? job.timestamp) <= timestamp);
    const gone = limit > 0 ? jobs.slice(0, limit) : jobs;
    for (const job of gone) queue.jobs.delete(job.id);
    return gone.map(({ id }) => id);
  }

  async obliterate({ force }: { force: boolean }): Promise<number> {
    const queue = await this.reached();
    if (!queue.isPaused()) throw new Error('Cannot obliterate non-paused queue');
    if (!force && queue.inState('active').length > 0) throw new Error('Cannot obliterate queue with active jobs');
    const { server, namespace, name } = this.options;
    server.forget(namespace, name);
    return 0;
  }

  async removeOrphanedJobs(): Promise<number> {
    return 0;
  }

  async updateData({ id = '' }: { readonly id?: string }, data: unknown): Promise<void> {
    present(await this.reached(), id, 'updateData').data = JSON.stringify(data ?? {});
  }

  async updateProgress(jobId: string, progress: unknown): Promise<void> {
    const queue = await this.reached();
    const json = JSON.stringify(progress ?? null);
    present(queue, jobId, 'updateProgress').progress = json;
    queue.events.say('progress', { jobId, data: json });
  }

  async addLog(jobId: string, line: string, keepLogs?: number): Promise<number> {
    const { logs } = present(await this.reached(), jobId, 'addLog');
    logs.push(line);
    if (keepLogs !== undefined && keepLogs > 0) logs.splice(0, logs.length - keepLogs);
    return logs.length;
  }

  async clearLogs(jobId: string, keepLogs = 0): Promise<void> {
    const job = await this.found(jobId);
    job?.logs.splice(0, job.logs.length - keepLogs);
  }

  async changeDelay(jobId: string, delay: number): Promise<void> {
    const queue = await this.reached();
    const job = inState(queue, jobId, 'delayed', 'changeDelay');
    job.delay = delay;
    job.dueAt = queue.now() + delay;
    queue.events.sign();
  }

  async changePriority(jobId: string, priority = 0, lifo = false): Promise<void> {
    const queue = await this.reached();
    const job = present(queue, jobId, 'changePriority');
    job.priority = priority;
    if (job.state === 'waiting') queue.reposition(job, lifo);
  }

  async remove(jobId: string): Promise<number> {
    const queue = await this.reached();
    const job = queue.jobs.get(jobId);
    if (job === undefined) return 0;
    const { server, namespace, name } = this.options;
    return removeFamily(job, name, other => server.queue(namespace, other)) ? 1 : 0;
  }

  async removeDeduplicationKey(deduplicationId: string, jobId: string): Promise<number> {
    return (await this.reached()).keys.delete(deduplicationId, jobId) ? 1 : 0;
  }

  async deleteDeduplicationKey(deduplicationId: string): Promise<number> {
    return (await this.reached()).keys.delete(deduplicationId) ? 1 : 0;
  }

  async setQueueMeta(values: Record<string, string | number>): Promise<number> {
    const { meta } = await this.reached();
    for (const [field, value] of Object.entries(values)) meta.set(field, String(value));
    return Object.keys(values).length;
  }

  async removeQueueMetaFields(fields: string[]): Promise<number> {
    const { meta } = await this.reached();
    return fields.filter(field => meta.delete(field)).length;
  }

  async setRateLimit(expireTimeMs: number): Promise<void> {
    const queue = await this.reached();
    queue.rate.hold(expireTimeMs, queue.now());
  }

  async removeRateLimitKey(): Promise<number> {
    return (await this.reached()).rate.clear() ? 1 : 0;
  }

  async removeDeprecatedPriorityKey(): Promise<number> {
    return 0;
  }

  async trimEvents(): Promise<number> {
    return 0;
  }

  async publishEvent({ event = '', ...data }: Record<string, string | number>): Promise<string> {
    return String((await this.reached()).events.say(String(event), data));
  }

  addJobScheduler = notInMemory;
  updateJobSchedulerNextMillis = notInMemory;
  moveToWaitingChildren = notInMemory;
  removeUnprocessedChildren = notInMemory;
  removeChildDependency = notInMemory;
  paginate = notInMemory;

  removeJobScheduler = async (): Promise<number> => 1;
  getJobScheduler = async (): Promise<[unknown, string | null]> => [null, null];
  isJobScheduler = async (): Promise<boolean> => false;
  getJobSchedulerData = async (): Promise<Record<string, string>> => ({});
  getJobSchedulersRange = async (): Promise<string[]> => [];
  getJobSchedulersCount = async (): Promise<number> => 0;
  getDependencyCounts = async (_jobId: string, types: string[]): Promise<number[]> => types.map(() => 0);
  getDependencies = async (): Promise<object> => ({ processed: {}, unprocessed: [], ignored: {}, failed: [] });
  moveToActive = notInMemory;
  moveToCompleted = notInMemory;
  moveToFailed = notInMemory;
  moveToDelayed = notInMemory;
  moveJobFromActiveToWait = notInMemory;
  moveStalledJobsToWait = notInMemory;
  retryJob = notInMemory;
  waitForJob = notInMemory;
  disconnectBlocking = notInMemory;
  reconnectBlocking = notInMemory;
  getProcessedChildrenValues = async (): Promise<Record<string, string>> => ({});
  getIgnoredChildrenFailures = async (): Promise<Record<string, string>> => ({});
}

function notInMemory(): Promise<never> {
  return Promise.reject(
    new Error(
      'Expected Redis or PostgreSQL for workers, flows and job schedulers of BullMQ; the engine in memory has none.',
    ),
  );
}

function present(queue: MemoryQueue, id: string, command: string): MemoryJob {
  const job = queue.jobs.get(id);
  if (job === undefined) throw new Refusal(ErrorCode.JobNotExist, `Missing key for job ${id}. ${command}`);
  return job;
}

function inState(queue: MemoryQueue, id: string, state: MemoryJob['state'], command: string): MemoryJob {
  const job = present(queue, id, command);
  if (job.state !== state)
    throw new Refusal(ErrorCode.JobNotInState, `Job ${id} is not in the ${state} state. ${command}`);
  return job;
}
