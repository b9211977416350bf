import type { BlameBook } from '../../../dead-letters/index.ts';
import type { Rescue, RescueCause } from './rescue.ts';

export interface DeathsOptions {
  readonly rescue: Pick<Rescue, 'run' | 'departed'>;
  readonly blame: BlameBook;
  /** Whether a job is to be run alone: its lock is kept, and it is nobody's to hand back. */
  readonly isIsolated: (job: string) => boolean;
  /** Resolves after so many milliseconds; never once the supervisor stops. */
  readonly passed: (ms: number) => Promise<void>;
}

/** A worker that ended although nobody asked it to. */
interface Death {
  readonly worker: string;
  readonly at: number;
  /** What it was running, known when that was handed back. */
  readonly jobs: Promise<readonly string[]>;
  /** It ran a suspect and nothing else. */
  readonly alone: boolean;
}

/** What is known of a death beforehand. */
export interface Known {
  /** Ids of what it was seen to hold. */
  readonly seen?: readonly string[];
  /** It was killed because of what it ran: no matter what died beside it, nothing else is at fault. */
  readonly guilty?: boolean;
}

const DEATHS_KEPT = 100;
/** Workers that die within so long of each other died of the same thing, which is no job. */
const TOGETHER_MS = 500;
/** A claim that was on its way to the engine when its worker died arrives within these. */
const LATE_CLAIMS_MS = [300, 1_500] as const;

/** The workers of one host that died: what they held goes back, and who is to blame for it. */
export class Deaths {
  readonly #options: DeathsOptions;
  readonly #deaths: Death[] = [];
  /** Workers that died together, the latest: none of their jobs was to blame. */
  readonly #forgiven: string[] = [];

  constructor(options: DeathsOptions) {
    this.#options = options;
  }

  /**
   * Looks three times for what a worker held: the crash counts against what a later look finds as well, and against what it was seen to
   * hold before. BullMQ's stall check may have been quicker than its death, and handed that on.
   */
  async mourn(name: string, cause: RescueCause, { seen = [], guilty = false }: Known = {}): Promise<void> {
    const { rescue, blame, isIsolated, passed } = this.#options;
    const [soon, later] = LATE_CLAIMS_MS;
    const isOf = (worker: string, job: string): boolean => worker === name && !isIsolated(job);
    const look = (as: RescueCause): Promise<readonly string[]> => rescue.run(as, isOf);
    const looked = (async () => {
      await rescue.departed([name]);
      if (cause === 'worker-died') await blame.count(seen, name).catch(() => undefined);
      const first = [...seen, ...(await look(cause))];
      await passed(soon);
      return [...first, ...(await look(cause))];
    })();
    let together = false;
    if (cause === 'worker-died' && !guilty) {
      this.remember(name, looked);
      together = await this.diedTogether(name);
    }
    if (together || cause === 'worker-killed') this.#forgive(name);
    const jobs = await looked;
    if (together) {
      await blame.forgive(jobs, name).catch(() => undefined);
    }
    await passed(later - soon);
    await look(together ? 'late' : cause);
  }

  /** Whether what that worker held is innocent of its death, also what is found later. */
  forgave(worker: string): boolean {
    return this.#forgiven.includes(worker);
  }

  #forgive(worker: string): void {
    this.#forgiven.push(worker);
    if (this.#forgiven.length > DEATHS_KEPT) this.#forgiven.shift();
  }

  remember(worker: string, jobs: Promise<readonly string[]>, as?: 'alone'): void {
    this.#deaths.push({ worker, at: performance.now(), jobs, alone: as === 'alone' });
    if (this.#deaths.length > DEATHS_KEPT) this.#deaths.shift();
  }

  /** Whether other workers died at the same time, of something that is no job of theirs. */
  async diedTogether(name: string): Promise<boolean> {
    await this.#options.passed(TOGETHER_MS);
    const own = this.#deaths.findLast(({ worker }) => worker === name);
    if (own === undefined) return false;
    const ownJobs = await own.jobs;
    for (const { worker, at, jobs, alone } of this.#deaths) {
      if (worker === name || Math.abs(at - own.at) > TOGETHER_MS) continue;
      // Two suspects are two reasons, and may need the same time each time.
      if (alone && own.alone) continue;
      // A job that was there at both is what they have in common: handed back after one death, it brought about the next.
      const others = await jobs;
      if (!others.some(jobId => ownJobs.includes(jobId))) return true;
    }
    return false;
  }
}
