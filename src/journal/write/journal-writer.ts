import { isOutage } from '../../resilience/index.ts';
import { Counting } from '../record/contract-counts.ts';
import { writeFrame, type GatheredRun, type Recorder } from '../record/frame.ts';
import type { Mark } from '../record/mark.ts';
import { classOf, RUN_CLASSES, type RunClass } from '../record/run-record.ts';
import type { JournalBatch, JournalStore, QueueDepth } from '../stores/journal-store.ts';
import { Sampling } from './sampling.ts';

export interface JournalWriterOptions extends Recorder {
  /** Asked when there is something to write; again where it failed. */
  readonly store: () => Promise<JournalStore>;
  /** How many bytes of successes the store takes. */
  readonly succeededBytes: number;
  /** Engine time. */
  readonly now: () => number;
  /** Called when runs were dropped: for want of room, or because the store did not take them. */
  readonly onDropped?: ((runs: number) => void) | undefined;
  /** Between two writes, milliseconds. */
  readonly everyMs?: number | undefined;
}

const EVERY_MS = 2_000;
/** In one write: a Redis is busy with it for some 2 ms. */
const RUNS_A_WRITE = 2_000;
/** What waits while the store is away or slow; beyond that it is dropped, and counted. */
const MOST_WAITING = 20_000;
const MOST_MARKS = 1_000;
/**
 * For so long a batch waits for a store that is away, such as while its database fails over: just then people look at what became of their jobs. Not for
 * ever, as counts are written for the minute in which they are handed over.
 */
const OUTAGE_MS = 60_000;
/** What a run takes at least, in a store. */
const RUN_BYTES = 110;

/**
 * Gathers what runs of this process came to, and hands it over in batches. Whoever says so never waits, and nothing that goes wrong here reaches them: what
 * the store does not take is tried once more, and for a minute where the store is away, then dropped.
 */
export class JournalWriter {
  readonly #options: JournalWriterOptions;
  readonly #sampling: Sampling;
  #runs: Record<RunClass, GatheredRun[]> = { failed: [], succeeded: [] };
  #counting = new Counting();
  #marks: Mark[] = [];
  #depths: QueueDepth[] = [];
  #failed: { readonly batch: JournalBatch; readonly since: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: JournalWriterOptions) {
    this.#options = options;
    this.#sampling = new Sampling(options.succeededBytes, performance.now());
  }

  /** Whether a success of that contract would be kept: else `count` is enough, and its record need not be made. */
  keepsSuccess(contract: string): boolean {
    return this.#sampling.keeps(contract, RUN_BYTES, performance.now());
  }

  run(run: GatheredRun): void {
    const of = classOf(run.outcome);
    const isRoom = this.#waiting < MOST_WAITING;
    this.#counting.count(run, run.outcome, run.waitedMs, run.ranMs, isRoom);
    if (isRoom) this.#runs[of].push(run);
    else this.#options.onDropped?.(1);
    // A store that is away is asked now and then, and not again with each run.
    if (this.#waiting >= RUNS_A_WRITE && this.#failed === undefined) this.#soon(0);
    else this.#soon(this.#options.everyMs ?? EVERY_MS);
  }

  /** A success that is not kept. */
  count(jobName: string, queue: string, waitedMs: number | undefined, ranMs: number): void {
    this.#counting.count({ jobName, queue }, 'succeeded', waitedMs, ranMs, false);
    this.#soon(this.#options.everyMs ?? EVERY_MS);
  }

  mark(mark: Mark): void {
    if (this.#marks.length < MOST_MARKS) this.#marks.push(mark);
    this.#soon(this.#options.everyMs ?? EVERY_MS);
  }

  depth(depth: QueueDepth): void {
    if (this.#depths.length < MOST_MARKS) this.#depths.push(depth);
    this.#soon(this.#options.everyMs ?? EVERY_MS);
  }

  /** Writes what is there. Never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // A write under way has begun with less.
    if (this.#writing !== undefined) return this.#writing.then(() => this.flush());
    this.#writing = this.#write().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  /** Writes what is there, and takes no more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    await this.flush();
    clearTimeout(this.#timer);
  }

  #soon(ms: number): void {
    if (this.#closed || this.#writing !== undefined) return;
    if (ms === 0) {
      void this.flush();
      return;
    }
    this.#timer ??= setTimeout(() => void this.flush(), ms).unref();
  }

  /** Runs that wait to be written. */
  get #waiting(): number {
    return this.#runs.failed.length + this.#runs.succeeded.length;
  }

  /**
   * What is there when it begins. What comes meanwhile waits for its own write, unless it fills one: a write costs a Redis 256 commands, whatever number
   * of runs shares them.
   */
  async #write(): Promise<void> {
    let left = this.#isThereAny() ? Math.max(1, this.#waiting) : 0;
    while (this.#failed !== undefined || left > 0 || this.#waiting >= RUNS_A_WRITE) {
      const again = this.#failed;
      const batch = again?.batch ?? this.#batch();
      if (again === undefined) left -= Math.max(1, runsIn(batch));
      this.#failed = undefined;
      try {
        const store = await this.#options.store();
        this.#sampling.learn(await store.append(batch));
      } catch (error) {
        const now = performance.now();
        const isAwayForNow = again !== undefined && isOutage(error) && now - again.since < OUTAGE_MS;
        // Runs alone are worth another try; counts might be counted twice.
        if ((again === undefined || isAwayForNow) && !this.#closed)
          this.#failed = { batch: { ...batch, counts: [] }, since: again?.since ?? now };
        else this.#options.onDropped?.(runsIn(batch));
        break;
      }
    }
    if ((this.#failed !== undefined || this.#isThereAny()) && !this.#closed)
      this.#timer ??= setTimeout(() => void this.flush(), this.#options.everyMs ?? EVERY_MS).unref();
  }

  #isThereAny(): boolean {
    return this.#waiting + this.#marks.length + this.#depths.length > 0 || !this.#counting.isEmpty;
  }

  #batch(): JournalBatch {
    const { worker, now } = this.#options;
    const frames = RUN_CLASSES.flatMap(of => {
      const runs = this.#runs[of].splice(0, RUNS_A_WRITE);
      return runs.length === 0 ? [] : [{ of, ...writeFrame(this.#options, runs) }];
    });
    const batch = {
      writer: worker,
      now: now(),
      frames,
      counts: this.#counting.take(),
      marks: this.#marks,
      depths: this.#depths,
    };
    this.#marks = [];
    this.#depths = [];
    return batch;
  }
}

function runsIn({ frames }: JournalBatch): number {
  return frames.reduce((sum, frame) => sum + ('runs' in frame && typeof frame.runs === 'number' ? frame.runs : 0), 0);
}
