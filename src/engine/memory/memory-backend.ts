import type { BackendFactory, IQueueBackend, JobJson } from 'bullmq';
import type { NewJob } from '../turns/index.ts';
import { addFlow } from './memory-family.ts';
import { MemoryAdmin } from './memory-admin.ts';
import type { MemoryBackendOptions } from './memory-reads.ts';

/** Lets BullMQ's Queue, Job and QueueEvents (6.7) work on a queue in memory: for tests. Its Worker and its job schedulers are refused. */
class MemoryBackend extends MemoryAdmin implements IQueueBackend {
  readonly minimumBlockTimeout = 0.001;
  readonly keys = {};
  closing: Promise<void> | undefined;

  async waitUntilReady(): Promise<void> {
    await this.options.reach();
  }

  close(): Promise<void> {
    this.closing ??= this.disconnect();
    return this.closing;
  }

  async disconnect(): Promise<void> {
    this.ended.abort();
  }

  async setName(name: string): Promise<void> {
    this.options.server.clients.add(name);
  }

  forQueue(name: string): IQueueBackend {
    return new MemoryBackend({ ...this.options, name });
  }

  get qualifiedName(): string {
    return this.options.name;
  }

  toKey(type: string): string {
    return `${this.options.name}:${type}`;
  }

  parseNodeKey(key: string): { prefix: string; queueName: string; id: string } {
    const colon = key.lastIndexOf(':');
    return { prefix: '', queueName: key.slice(0, colon), id: key.slice(colon + 1) };
  }

  clientName(suffix = ''): string {
    return `${this.options.name}${suffix}`;
  }

  async addJob(job: JobJson, jobId: string): Promise<string> {
    return (await this.reached()).add(newJob(job, jobId));
  }

  async addJobs(entries: Parameters<IQueueBackend['addJobs']>[0]): Promise<string[]> {
    const queue = await this.reached();
    return entries.map(({ job, jobId }) => queue.add(newJob(job, jobId)));
  }

  async addFlow(entries: Parameters<IQueueBackend['addFlow']>[0]): Promise<[Error | null, string | number][]> {
    // Of no queue: it must not make one.
    const { server, namespace, reach } = this.options;
    await reach();
    return addFlow(entries, name => server.queue(namespace, name), newJob);
  }

  async extendLock(jobId: string, token: string, duration: number): Promise<number> {
    return (await this.reached()).extend(jobId, token, duration) ? 1 : 0;
  }

  async extendLocks(jobIds: string[], tokens: string[], duration: number): Promise<string[]> {
    const queue = await this.reached();
    return jobIds.filter((id, nth) => !queue.extend(id, tokens[nth] ?? '', duration));
  }
}

/** Makes the backends of one engine's queues. */
export function memoryBackend(options: Omit<MemoryBackendOptions, 'name'>): BackendFactory<IQueueBackend, unknown> {
  return name => new MemoryBackend({ ...options, name });
}

/** BullMQ's classes leave the id out where the queue is to count. */
function newJob({ name, data, opts, timestamp, delay, priority, ...job }: JobJson, jobId: string | undefined): NewJob {
  const options = { ...opts, ...(delay !== undefined && { delay }), ...(priority !== undefined && { priority }) };
  return { id: jobId || job.id || '', name, data, timestamp, opts: options };
}
