import {
  type AnyJobContract,
  type Json,
  type OnceOptions,
  type JobRequest,
  type Run,
  type RunBatch,
  type RunChildren,
  JobAbortedError,
  JobCancelledError,
  JobSilentError,
  JobTimeoutError,
  type AbortCause,
} from '../../contracts/index.ts';
import { shownJobId } from '../../queue/index.ts';
import { requireOnce, type Ledger } from '../../state/index.ts';
import type { RunParts, RunStart } from './run-parts.ts';
import type { RunStepper, RunVoice } from './run-voice.ts';

const CANCEL_PATIENCE_MS = 5_000;

/** One run under way: what the handler sees, and the handles by which it can be stopped. */
export class RunningJob implements Run {
  readonly jobId: string;
  readonly jobName: string;
  readonly queue: string;
  readonly attempt: number;
  readonly attempts: number;
  readonly enqueuedAt: number;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  readonly begunAt: number;
  /** Later by what its ledger was waited for: an engine that is away is no fault of the handler. */
  deadlineAt: number;
  /** Its index in `RunningJobs`; -1 outside of it. */
  slot = -1;
  /** From when on it has been silent for too long; undefined where its contract does not ask. */
  #silentAt: number | undefined;
  readonly #stuckAfterMs: number | undefined;
  #notes: RunVoice | undefined;
  #parts: RunParts<RunningJob> | undefined;
  #stepper: RunStepper | undefined;
  #isOver = false;
  readonly #batchId: string | undefined;
  #batch: RunBatch | undefined;
  #additions = 0;
  #children: RunChildren | undefined;
  #controller: AbortController | undefined;
  #abortReason: Error | undefined;
  #giveUp: ((reason: Error) => void) | undefined;
  readonly #timeoutMs: number;
  readonly #ledger: (signal: AbortSignal) => Promise<Ledger>;
  /** Calls to the ledger under way, without the effects in them. */
  #asking = 0;
  #askingSince = 0;

  constructor(
    contract: AnyJobContract,
    { jobId, attempt, attempts, begunAt, job, meta }: RunStart,
    ledger: (signal: AbortSignal) => Promise<Ledger>,
    parts?: RunParts<RunningJob>,
  ) {
    this.#ledger = ledger;
    this.#parts = parts;
    this.#stuckAfterMs = contract.stuckAfterMs;
    if (contract.stuckAfterMs !== undefined) this.#silentAt = begunAt + contract.stuckAfterMs;
    this.jobId = jobId;
    this.jobName = contract.name;
    this.queue = contract.queue;
    this.attempt = attempt;
    this.attempts = attempts;
    this.enqueuedAt = job.timestamp;
    this.correlationId = meta.correlationId ?? jobId;
    this.traceparent = meta.traceparent;
    this.#batchId = meta.batchId;
    this.begunAt = begunAt;
    this.#timeoutMs = contract.timeoutMs;
    this.deadlineAt = begunAt + contract.timeoutMs;
  }

  /** As it is named everywhere: ids of other programs are unique in their queue alone. Made when asked for. */
  get effectId(): string {
    return shownJobId({ queue: this.queue, id: this.jobId });
  }

  /** Made when first asked for: most handlers that end quickly never look at it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  get abortReason(): Error | undefined {
    return this.#abortReason;
  }

  progress(value: Json): void {
    this.heartbeat();
    this.#notesOfRun()?.progress(value);
  }

  log(line: string): void {
    this.heartbeat();
    this.#notesOfRun()?.log(line);
  }

  heartbeat(): void {
    if (this.#stuckAfterMs !== undefined) this.#silentAt = performance.now() + this.#stuckAfterMs;
  }

  /** Made by the first word: most runs say nothing. */
  #notesOfRun(): RunVoice | undefined {
    this.#notes ??= this.#parts?.voice(this);
    return this.#notes;
  }

  /** It notes nothing more, and the engine has what it has noted. Undefined where it never said anything. */
  endNotes(): Promise<void> | undefined {
    const notes = this.#notes;
    this.#notes = undefined;
    this.#parts = undefined;
    this.#isOver = true;
    return notes?.told();
  }

  async step<Value extends Json | void>(name: string, work: () => Value | Promise<Value>): Promise<Value> {
    // A handler that was left behind must not do what the next run does.
    if (this.#isOver) throw this.#abortReason ?? new JobAbortedError('lock lost');
    this.#stepper ??= this.#parts?.stepper(this);
    return this.#stepper === undefined ? work() : this.#stepper.step(name, work);
  }

  /** Made when first asked for. */
  get batch(): RunBatch | undefined {
    const id = this.#batchId;
    if (id === undefined) return undefined;
    this.#batch ??= { id, add: jobs => this.#addMembers(id, jobs) };
    return this.#batch;
  }

  get children(): RunChildren {
    this.#children ??= this.#parts?.children(this) ?? { all: async () => [], results: async () => [] };
    return this.#children;
  }

  async #addMembers(batchId: string, jobs: readonly JobRequest[]): Promise<readonly string[]> {
    const parts = this.#parts;
    if (this.#isOver || parts === undefined) throw this.#abortReason ?? new JobAbortedError('lock lost');
    this.#additions += 1;
    const call = this.#additions;
    return this.waitsForEngine(() => parts.addMembers(batchId, call, jobs));
  }

  /** Time in which the engine is asked is not the handler's. */
  async waitsForEngine<Value>(ask: () => Promise<Value>): Promise<Value> {
    this.#beginAsking();
    try {
      return await ask();
    } finally {
      this.#endAsking();
    }
  }

  async once<Value extends Json | void>(
    key: string,
    effect: () => Value | Promise<Value>,
    options?: OnceOptions,
  ): Promise<Value> {
    // Its ledger sees a function around the effect, whatever that is.
    requireOnce(key, effect, options);
    const within = async (): Promise<Value> => {
      this.#endAsking();
      try {
        return await effect();
      } finally {
        this.#beginAsking();
      }
    };
    this.#beginAsking();
    return this.#ledger(this.signal)
      .then(ledger => ledger.once(key, within, options))
      .finally(() => this.#endAsking());
  }

  /** Its time is over, and it is not its ledger that it waits for. */
  isLate(now: number): boolean {
    return this.deadlineAt <= now && this.#abortReason === undefined && this.#asking === 0;
  }

  /** Silent for longer than its contract allows, and not because of the engine. */
  isSilent(now: number): boolean {
    return (
      this.#silentAt !== undefined && this.#silentAt <= now && this.#abortReason === undefined && this.#asking === 0
    );
  }

  /** Nobody in this process could say anything for so long. */
  forgive(ms: number): void {
    if (this.#silentAt !== undefined) this.#silentAt += ms;
  }

  #beginAsking(): void {
    if (this.#asking === 0) this.#askingSince = performance.now();
    this.#asking += 1;
  }

  #endAsking(): void {
    this.#asking -= 1;
    if (this.#asking > 0) return;
    this.deadlineAt += performance.now() - this.#askingSince;
    this.heartbeat();
  }

  /** Called when the run must be settled although the handler has not ended. */
  onGiveUp(giveUp: (reason: Error) => void): void {
    const before = this.#giveUp;
    this.#giveUp =
      before === undefined
        ? giveUp
        : reason => {
            before(reason);
            giveUp(reason);
          };
    const reason = this.#abortReason;
    if (reason instanceof JobTimeoutError || reason instanceof JobSilentError) giveUp(reason);
  }

  /** Aborts the handler's signal. The run is settled when the handler ends, or by `giveUp`. */
  abort(cause: AbortCause): void {
    this.#stop(new JobAbortedError(cause));
  }

  /** Settles the run now, whatever the handler does. */
  giveUp(cause: AbortCause): void {
    this.abort(cause);
    this.#giveUp?.(this.#abortReason ?? new JobAbortedError(cause));
  }

  /** The job is no longer wanted. A handler that does not stop is left behind after five seconds. */
  cancel(reason: string): void {
    if (this.#abortReason !== undefined) return;
    const cancelled = new JobCancelledError(reason);
    this.#stop(cancelled);
    setTimeout(() => this.#giveUp?.(cancelled), CANCEL_PATIENCE_MS).unref();
  }

  timeOut(): void {
    this.#fail(new JobTimeoutError(this.jobName, this.#timeoutMs));
  }

  failSilent(): void {
    this.#fail(new JobSilentError(this.jobName, this.#stuckAfterMs ?? 0));
  }

  #fail(reason: Error): void {
    this.#stop(reason);
    this.#giveUp?.(reason);
  }

  #stop(reason: Error): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(this.#abortReason);
  }
}
