import { lockRenewalMs } from '../../../engine/index.ts';
import type { Facts } from '../../../facts/index.ts';
import { shownJobId } from '../../../queue/index.ts';
import { settledBy } from '../deaths/settled-by.ts';
import { Silence, type QueueClaim, type WatchedWorker } from './silence.ts';

export interface WatchOptions {
  /** What a worker holds in the engine now. */
  readonly claims: (worker: string) => Promise<readonly QueueClaim[]>;
  /** Renews the locks of what a worker holds, which it cannot do itself now. */
  readonly keep: (claims: readonly QueueClaim[]) => Promise<unknown>;
  /** The shortest lock of a queue that is worked on here, milliseconds. */
  readonly lockMs: number;
  readonly facts: Facts;
}

const LOOK_EVERY_MS = 250;
/** A look that comes so late says that this process slept itself. */
const LATE_MS = 1_000;
/** Silence that is worth a warning. */
const BLOCKED_MS = 1_000;
/** From here on the main thread's time is looked at: an honest turn takes less. */
const DOUBT_MS = 500;
const ANSWER_WITHIN_MS = 500;
/** Longer than the thread in the worker tries. */
const STACK_WITHIN_MS = 1_400;
/** How long a worker that holds nothing may be silent. */
const IDLE_MS = 30_000;
/** How many times the lock a worker that gets no processor may be silent. */
const STARVED_LOCKS = 10;

/**
 * Watches the workers of one host from outside, in this process's own monotonic time: a worker whose event loop turns says so several
 * times a second. It states a silence of a second, with what runs there and where its code stands. It ends the worker before the first lock of
 * what runs there expires, since everything in that process would run twice.
 *
 * A worker is judged from the first time that it is heard, and not while somebody debugs it. When this process wakes late it has missed
 * what was said: every silence begins anew.
 */
export class Watch {
  readonly #options: WatchOptions;
  readonly #silences = new Map<string, Silence>();
  readonly #timer: NodeJS.Timeout;
  #lookedAt = performance.now();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A worker's event loop has turned. */
  heard(worker: WatchedWorker, { debugged }: { readonly debugged: boolean }): void {
    if (debugged) this.#silences.delete(worker.name);
    else this.#silences.set(worker.name, new Silence(worker, performance.now()));
  }

  /** False for a worker that has been silent for a while. */
  answers(worker: string): boolean {
    return this.#silences.get(worker)?.emitted !== true;
  }

  /** Its process has ended. Answers the names of what it was seen to hold while it was silent. */
  left(worker: string): readonly string[] {
    const silence = this.#silences.get(worker);
    this.#silences.delete(worker);
    return silence?.claims.map(nameOf) ?? [];
  }

  /** Ends a worker that has not left in time. What it runs is to blame when that keeps it from answering. */
  async end(worker: WatchedWorker): Promise<void> {
    const silence = this.#silences.get(worker.name) ?? new Silence(worker, performance.now());
    const blamed = silence.lasts() >= BLOCKED_MS && (await silence.verdict(DOUBT_MS)) === 'guilty';
    this.#kill(silence, blamed, 'grace');
  }

  #look(): void {
    const now = performance.now();
    const late = now - this.#lookedAt - LOOK_EVERY_MS >= LATE_MS;
    this.#lookedAt = now;
    if (late) {
      for (const [name, { worker }] of this.#silences) this.#silences.set(name, new Silence(worker, now));
    }
    // What has arrived meanwhile is read first; this process may have been stopped in between.
    setImmediate(() => {
      if (performance.now() - now >= LATE_MS) return;
      for (const silence of this.#silences.values()) this.#consider(silence);
    });
  }

  #consider(silence: Silence): void {
    const silentMs = silence.lasts();
    if (silentMs >= DOUBT_MS) silence.suspect();
    if (silentMs < BLOCKED_MS) return;
    if (!silence.emitted) {
      silence.emitted = true;
      const { lockMs } = this.#options;
      // Where the engine does not say better.
      silence.endBy = silence.since + lockMs - lockRenewalMs(lockMs) - this.#margin();
      void this.#emitBlocked(silence);
    }
    if (performance.now() < silence.endBy || silence.judging || silence.ended) return;
    silence.judging = true;
    void this.#endOrKeep(silence).finally(() => (silence.judging = false));
  }

  async #emitBlocked(silence: Silence): Promise<void> {
    const { facts, claims } = this.#options;
    const { worker } = silence;
    const ask = async (): Promise<void> => {
      silence.claims = await claims(worker.name);
      const leftMs = Math.min(IDLE_MS, ...silence.claims.map(claim => claim.lockLeftMs));
      silence.endBy = performance.now() + leftMs - this.#margin();
    };
    const [stack] = await Promise.all([
      worker.beside.where(STACK_WITHIN_MS),
      settledBy(performance.now() + ANSWER_WITHIN_MS, ask()),
    ]);
    facts.emit('worker.blocked', {
      worker: worker.name,
      blockedMs: Math.round(silence.lasts()),
      jobs: silence.claims.map(nameOf),
      stack,
    });
  }

  async #endOrKeep(silence: Silence): Promise<void> {
    const { lockMs, keep } = this.#options;
    const keeping = keep(silence.claims);
    // However long it takes to end it, nobody else may take what it holds meanwhile.
    const [verdict] = await Promise.all([
      silence.verdict(lockMs / 2),
      settledBy(performance.now() + ANSWER_WITHIN_MS, keeping),
    ]);
    // It has answered meanwhile, or has ended.
    if (this.#silences.get(silence.worker.name) !== silence) return;
    if (verdict === 'starved' && silence.lasts() < STARVED_LOCKS * lockMs) {
      silence.endBy = performance.now() + lockRenewalMs(lockMs);
      return;
    }
    this.#kill(silence, verdict === 'guilty', 'silent');
  }

  #kill(silence: Silence, blamed: boolean, reason: 'silent' | 'grace'): void {
    silence.ended = true;
    const { worker } = silence;
    const [silentMs, ranMs] = [Math.round(silence.lasts()), silence.ranMs()];
    this.#options.facts.emit('worker.killed', { worker: worker.name, reason, silentMs, ranMs, blamed });
    worker.kill(blamed ? 'guilty' : 'innocent');
  }

  /** What it takes to end a worker and to hand back what it held. */
  #margin(): number {
    return Math.min(2_000, this.#options.lockMs / 5);
  }
}

/** As people name it: ids of other programs are unique in their queue alone. */
function nameOf({ queue, jobId }: QueueClaim): string {
  return shownJobId({ queue, id: jobId });
}
