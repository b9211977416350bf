import {
  Job,
  WaitingError,
  Worker,
  type BackendFactory,
  type IQueueBackend,
  type JobJson,
  type WorkerListener,
} from 'bullmq';
import { isUnreachable } from '../../resilience/index.ts';
import { readJob } from './broken-job.ts';
import { EngineAway } from './engine-away.ts';
import { lockRenewalMs } from '../turns/lock-renewal.ts';
import type { EngineJob, EngineProcessor, WorkerSetup } from '../engine.ts';

type Failing = Worker<unknown, unknown, string, IQueueBackend>['handleFailed'];
type Listeners = WorkerListener<unknown, unknown, string>;

const DEFAULTS = {
  autorun: false,
  // BullMQ's 1 is never reset in a job's life: the second hard kill would fail a healthy job for good.
  maxStalledCount: 100,
  lockDuration: 30_000,
  // BullMQ waits 15 s after a failed fetch; the engine is back long before.
  runRetryDelay: 1_000,
} as const;

export interface ResilientWorkerOptions {
  readonly setup: WorkerSetup;
  readonly prefix?: string;
  readonly backend: BackendFactory<IQueueBackend, unknown>;
  /** Called with every connection error, in place of the worker's `error` event. */
  readonly onConnectionError: (error: unknown) => void;
}

/** BullMQ's worker, able to live with what it may find in a queue and with an engine that goes away. */
export class ResilientWorker extends Worker<unknown, unknown, string, IQueueBackend> {
  #onConnectionError: ((error: unknown) => void) | undefined;

  constructor(name: string, process: EngineProcessor, options: ResilientWorkerOptions) {
    const { setup, prefix, backend } = options;
    super(
      name,
      (job, token) => process(job, token ?? ''),
      // The backend owns the connection; BullMQ only insists that there is one.
      {
        ...DEFAULTS,
        lockRenewTime: lockRenewalMs(setup.lockDuration ?? DEFAULTS.lockDuration),
        ...setup,
        ...(prefix !== undefined && { prefix }),
        connection: {},
      },
      backend,
    );
    this.#onConnectionError = options.onConnectionError;
    // Without a listener BullMQ prints errors to the console; whoever holds the worker adds their own.
    this.on('error', () => undefined);
  }

  override emit<Name extends keyof Listeners>(event: Name, ...args: Parameters<Listeners[Name]>): boolean {
    if (event !== 'error' || !isUnreachable(args[0])) return super.emit(event, ...args);
    this.#onConnectionError?.(args[0]);
    return true;
  }

  protected override createJob(json: JobJson, jobId: string): EngineJob {
    return readJob(sound => super.createJob(sound, jobId), json);
  }

  /**
   * A run whose end could not be written, such as a wait without an attempt, because the engine was away has not failed: it goes back. While
   * the engine is still away this rejects in the shape after which BullMQ calls it again.
   */
  protected override async handleFailed(...[error, job, ...rest]: Parameters<Failing>): ReturnType<Failing> {
    if (!(error instanceof EngineAway)) return super.handleFailed(error, job, ...rest);
    await job.moveToWait(rest[0]);
    return super.handleFailed(new WaitingError(), job, ...rest);
  }

  /**
   * Runs one job whose lock another process has taken and whose token we know; nothing else is fetched. Resolves when the
   * job is settled, also as a failure, or is no longer there or no longer locked with that token. Not for a worker that runs.
   */
  async adopt(jobId: string, token: string): Promise<void> {
    const job: EngineJob | undefined = await Job.fromId(this, jobId);
    if (job === undefined) return;
    // Renewed from now on: the process that claimed it has stopped doing so.
    const renewed = await job.extendLock(token, this.opts.lockDuration ?? DEFAULTS.lockDuration);
    if (renewed !== 1) return;
    this.lockManager.start();
    await this.processJob(job, token, () => false);
  }

  /** Stops every timer of a worker whose close did not end: nothing of it may keep the process alive. */
  abandon(): void {
    void this.pause(true).catch(() => undefined);
    void this.lockManager.close().catch(() => undefined);
  }
}
