import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { JobStatus, QueueWorker } from '@bull-board/api/typings/app';
import { Job } from 'bullmq';
import type { App } from '../../src/contracts/index.ts';
import type { Engine, EngineJob, EngineQueue } from '../../src/engine/index.ts';
import { contractOf, readStoredJob, redactionOf, scrubTexts, UndecodableJobError } from '../../src/queue/index.ts';
import { liveWorkers, type LiveWorker } from '../../src/standing/index.ts';

export interface ShownQueueOptions {
  readonly app: App;
  readonly engine: Engine;
  /** Queues a job the way a producer does; answers its id. Rejects what the contract refuses. */
  readonly enqueue: (queue: string, name: string, data: unknown, options: unknown) => Promise<string>;
}

/**
 * A queue as Bull Board sees it: every job that leaves here has lost what its contract calls sensitive. Redacting at the
 * source covers every route that shows jobs, also one that a later Bull Board adds.
 */
export class ShownQueue extends BullMQAdapter {
  readonly #queue: EngineQueue;
  readonly #app: App;
  readonly #engine: Engine;
  readonly #enqueue: ShownQueueOptions['enqueue'];

  constructor(queue: EngineQueue, { app, engine, enqueue }: ShownQueueOptions) {
    // Bull Board's types know BullMQ on Redis alone; its code asks the queue which engine it has.
    super(queue as unknown as ConstructorParameters<typeof BullMQAdapter>[0], { allowRetries: true });
    this.#queue = queue;
    this.#app = app;
    this.#engine = engine;
    this.#enqueue = enqueue;
  }

  /** The job as it is stored; only to decide about it. */
  rawJob(id: string): Promise<EngineJob | undefined> {
    return this.#queue.getJob(id);
  }

  /** As BullMQ calls it; `unknown` where there is no such job. */
  stateOf(id: string): Promise<string> {
    return this.#queue.getJobState(id);
  }

  async canBeRead(id: string): Promise<boolean> {
    try {
      return (await readStoredJob(this.#queue, id)) !== undefined;
    } catch (cause) {
      if (cause instanceof UndecodableJobError) return false;
      throw cause;
    }
  }

  override async getJob(id: string): Promise<Job | undefined> {
    try {
      const job = await readStoredJob(this.#queue, id);
      return job === undefined ? undefined : this.#redacted(job);
    } catch (cause) {
      if (!(cause instanceof UndecodableJobError)) throw cause;
      return this.#unreadable(id);
    }
  }

  /** One by one: a single job with broken data must not hide the page that it stands on. */
  override async getJobs(statuses: JobStatus[], start?: number, end?: number): Promise<Job[]> {
    const types = statuses.filter(status => status !== 'paused');
    const ids = await this.#queue.getRanges(types, start, end);
    const jobs = await Promise.all(ids.map(id => this.getJob(id)));
    return jobs.filter(job => job !== undefined);
  }

  override async getJobLogs(id: string): Promise<string[]> {
    const { logs } = await this.#queue.getJobLogs(id);
    if (logs.length === 0) return logs;
    const job = await this.#queue.getJob(id).catch(() => undefined);
    const contract = job && contractOf(this.#app, job);
    const { scrub } = redactionOf(contract, job?.data);
    return job === undefined ? logs.map(() => '[redacted]') : logs.map(scrub);
  }

  override async getJobSchedulers(): ReturnType<BullMQAdapter['getJobSchedulers']> {
    const schedulers = await super.getJobSchedulers();
    return schedulers.map(scheduler => {
      const { template } = scheduler;
      if (template === undefined) return scheduler;
      const described = { name: scheduler.name ?? '', queueName: this.#queue.name, opts: template.opts ?? {} };
      const contract = contractOf(this.#app, described);
      const { data, scrub } = redactionOf(contract, template.data);
      return {
        ...scheduler,
        template: { ...template, data, opts: scrubTexts(template.opts, scrub) as typeof template.opts },
      };
    });
  }

  /** A job added by hand passes the same checks as any other and gets an id and a priority of ours. */
  override async addJob(name: string, data: unknown, options: unknown): Promise<Job> {
    const id = await this.#enqueue(this.getQueueName(), name, data, options);
    const job = await this.getJob(id);
    if (job === undefined) throw new Error('The job was added and has ended already.');
    return job;
  }

  override async runJobSchedulerNow(id: string): ReturnType<BullMQAdapter['runJobSchedulerNow']> {
    const job = await super.runJobSchedulerNow(id);
    return job instanceof Job ? this.#redacted(job) : job;
  }

  /** Our processes by their hosts and the connected ones of other programs, without addresses; asked for no more than every few seconds. */
  override async getWorkers(): Promise<QueueWorker[] | null> {
    const workers = await liveWorkers(this.#engine, this.#queue);
    return workers?.map(({ name, id, ageSeconds }: LiveWorker) => ({ id, name, addr: '', age: ageSeconds })) ?? null;
  }

  #redacted(job: EngineJob): Job {
    const { data, scrub, result } = redactionOf(contractOf(this.#app, job), job.data);
    const texts = (list: readonly unknown[] | null): string[] =>
      (list ?? []).map(text => (typeof text === 'string' ? scrub(text) : ''));
    const plain = job.toJSON.bind(job);
    // The job itself stays as stored: retrying or promoting it must not write the redacted data back.
    const toJSON = (): unknown => {
      const json = plain();
      return {
        id: json.id,
        name: json.name,
        data,
        opts: scrubTexts(json.opts, scrub),
        progress: typeof json.progress === 'number' ? json.progress : result(json.progress),
        returnvalue: result(json.returnvalue),
        failedReason: json.failedReason && scrub(json.failedReason),
        deferredFailure: json.deferredFailure && scrub(json.deferredFailure),
        stacktrace: texts(json.stacktrace),
        timestamp: json.timestamp,
        processedOn: json.processedOn,
        processedBy: json.processedBy,
        finishedOn: json.finishedOn,
        delay: json.delay,
        priority: json.priority,
        attemptsMade: json.attemptsMade,
        attemptsStarted: json.attemptsStarted,
        stalledCounter: json.stalledCounter,
        deduplicationId: json.deduplicationId,
        parentKey: json.parentKey,
        repeatJobKey: json.repeatJobKey,
      };
    };
    return Object.assign(job, { toJSON });
  }

  /** What is stored is no job: it can be seen and removed, not read. */
  #unreadable(id: string): Job {
    const job: EngineJob = new Job(this.#queue, '(unreadable job)', {}, {}, id);
    return Object.assign(this.#redacted(job), {
      failedReason: 'What is stored of this job is damaged and cannot be shown.',
    });
  }
}
