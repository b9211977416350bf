import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { groupsOf } from '../../../engine/index.ts';
import type {
  End,
  EndKind,
  JobLock,
  Rest,
  SettleAnswer,
  TakenJob,
  Turn,
  TurnAnswer,
  TurnQueue,
} from '../../../engine/index.ts';
import { toError } from '../../../errors/index.ts';
import { mayPass } from '../../../resilience/index.ts';
import { Appetite } from './appetite.ts';
import { JobLocks } from './job-locks.ts';

export interface TurnLoopOptions {
  readonly queue: TurnQueue;
  readonly worker: string;
  /** Jobs at once. */
  readonly concurrency: number;
  readonly lockMs: number;
  /** Whether jobs have places in groups that their ends make free. */
  readonly isLimited: boolean;
  /** By the names of jobs, how long after they were added they only end; undefined while nobody knows how old they are. */
  readonly expiresAfterMs?: () => ReadonlyMap<string, number> | undefined;
  /** The engine's time. */
  readonly now: () => number;
  /** Resolves when so much of that time has passed, or the signal aborts. */
  readonly pass: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Called with each job that was taken. It ends in `settle` or `letGo`. */
  readonly onJob: (job: TakenJob) => void;
  /** Work waits that the queue's rate keeps. */
  readonly onLimited?: () => void;
  /** A turn failed and is tried again. */
  readonly onError: (error: unknown) => void;
  readonly onLost: (jobIds: readonly string[]) => void;
}

/** Those of one trip, unless the queue says another number: with more, other clients of the engine wait for longer. Measured, 32 take a Redis 1 to 2 ms, and 64 are no cheaper for a job. */
const JOBS_A_TURN = 32;
/** One that is being answered, and one behind it: a Redis does those that have come together without looking at anybody else. */
const UNDER_WAY = 2;
/** Fewer in a turn than this cost more than they save by going at the same time. */
const SHARED_FROM = 16;
/** Jobs of one turn hold at most so many bytes of data, or there is one. */
const BYTES_A_TURN = 512 * 1024;
const AGAIN_MS = 500;

interface Ended {
  readonly end: End;
  readonly answered: (answer: SettleAnswer) => void;
}

/**
 * Takes jobs of one queue for free slots and writes their ends, many in one trip: what ends in one turn of the event loop travels together, and
 * takes as many jobs along as there are slots free. Nothing is taken ahead: what is claimed is run.
 */
export class TurnLoop {
  readonly #options: TurnLoopOptions;
  readonly #locks: JobLocks;
  readonly #appetite = new Appetite();
  #stop = new AbortController();
  /** One at a time: a loop that goes on begins once the one before it has ended. */
  #listening: Promise<void> = Promise.resolve();
  /** Unique to this process: tokens and ids of turns begin with it. */
  readonly #self = randomUUID();
  readonly #turns = new Set<Promise<void>>();
  #ended: Ended[] = [];
  /** Ends that wait for a right. They have their slots, else more and more would be done whose ends cannot be written. */
  readonly #withheld = new Set<Ended>();
  #running = 0;
  #asked = 0;
  #underWay = 0;
  #planned = false;
  #count = 0;
  #tokens = 0;
  #rest: Rest = { kind: 'more' };
  #notListening: (() => void) | undefined;
  /** For a sign that there is work, at most until then. */
  #wait: { readonly until: number | undefined; readonly end: AbortController } | undefined;

  constructor(options: TurnLoopOptions) {
    this.#options = options;
    const { queue, lockMs, onLost } = options;
    this.#locks = new JobLocks({ queue, lockMs, onLost });
  }

  /** Nothing that was taken runs any more. */
  get isIdle(): boolean {
    return this.#running === 0;
  }

  /** Takes work from now on. */
  start(): void {
    this.#listening = this.#listen();
  }

  /** Takes no more. What is being taken is still handed to `onJob`. */
  pause(): void {
    this.#stop.abort();
    this.#wait?.end.abort();
    this.#notListening?.();
  }

  /** Takes again after a pause. */
  resume(): void {
    if (!this.#stop.signal.aborted) return;
    this.#stop = new AbortController();
    this.#listening = this.#listening.then(() => this.#listen());
  }

  /** Resolves when everything that was taken has been settled or let go. */
  async settled(): Promise<void> {
    // A take under way may bring more.
    while (this.#turns.size > 0 || this.#locks.size > 0) {
      await Promise.all(this.#turns);
      await this.#locks.none();
    }
  }

  /** Nothing of it keeps the process alive from now on. */
  abandon(): void {
    this.pause();
    this.#locks.stop();
  }

  /** A job that was taken elsewhere: this worker renews its lock from now on, and it has a slot. */
  adopt(lock: JobLock): void {
    this.#locks.add(lock);
    this.#running += 1;
  }

  /** Writes how a job ended. Resolves with what the engine made of it; waits for an engine that is away. */
  settle({ id: jobId, token, opts }: Pick<TakenJob, 'id' | 'token' | 'opts'>, end: EndKind): Promise<SettleAnswer> {
    this.#running -= 1;
    const told: End = this.#options.isLimited ? { jobId, token, end, groups: groupsOf(opts) } : { jobId, token, end };
    return new Promise(answered => {
      this.#ended.push({ end: told, answered });
      this.#plan();
    });
  }

  /** Somebody else holds it from now on, under the same token. */
  letGo(job: Pick<TakenJob, 'token'>): void {
    this.#running -= 1;
    this.#locks.delete(job);
    this.#plan();
    this.#notListening?.();
  }

  #plan(): void {
    if (this.#planned || this.#underWay >= UNDER_WAY) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      const turn = this.#turn().finally(() => this.#turns.delete(turn));
      this.#turns.add(turn);
    });
  }

  get #free(): number {
    return this.#options.concurrency - this.#running - this.#withheld.size - this.#asked;
  }

  /** Slots that are neither used nor asked for; those of jobs whose ends are not written yet are used by the next turn. */
  get #spare(): number {
    return this.#free - this.#ended.length;
  }

  /** More may be asked for, and there are slots for it: else a turn would be planned in vain after each that was sent or answered. */
  get #hasRoom(): boolean {
    return this.#appetite.isLeft && this.#spare > 0;
  }

  async #turn(): Promise<void> {
    if (this.#underWay >= UNDER_WAY) return;
    const { queue, concurrency } = this.#options;
    // So that the engine has a second turn to do while this process runs what the first has brought.
    const share = Math.max(SHARED_FROM, Math.ceil(concurrency / UNDER_WAY));
    const most = Math.min(queue.jobsATurn ?? JOBS_A_TURN, share);
    const ended = this.#ended.length <= most ? this.#ended : this.#ended.slice(0, most);
    this.#ended = this.#ended.slice(ended.length);
    const free = this.#free;
    const room = Math.max(0, Math.min(most, free) - ended.length);
    const wanted = this.#stop.signal.aborted ? 0 : Math.min(free, ended.length) + this.#appetite.portion(room);
    if (ended.length === 0 && wanted <= 0) {
      this.#notListening?.();
      return;
    }
    this.#underWay += 1;
    this.#asked += Math.max(0, wanted);
    if (this.#ended.length > 0 || this.#hasRoom) this.#plan();
    const answer = await this.#send(ended, wanted);
    this.#underWay -= 1;
    this.#asked -= Math.max(0, wanted);
    if (answer === undefined) return;
    for (const job of answer.jobs) {
      this.#running += 1;
      this.#locks.add({ jobId: job.id, token: job.token });
    }
    const withheld: Ended[] = [];
    for (const [index, each] of ended.entries()) {
      const settled = answer.settled[index] ?? { kind: 'missing' };
      if (settled.kind === 'withheld') withheld.push(each);
      else {
        this.#withheld.delete(each);
        this.#locks.delete(each.end);
        each.answered(settled);
      }
    }
    if (withheld.length > 0) {
      const again = this.#writeAgain(withheld).finally(() => this.#turns.delete(again));
      this.#turns.add(again);
    }
    for (const job of answer.jobs) this.#options.onJob(job);
    if (answer.rest !== undefined) this.#learn(answer.rest);
    if (this.#ended.length > 0 || this.#hasRoom) this.#plan();
    this.#notListening?.();
  }

  /** What was done stays ours meanwhile: where it was given away it would be done twice. */
  async #writeAgain(withheld: readonly Ended[]): Promise<void> {
    for (const each of withheld) this.#withheld.add(each);
    const ids = withheld.map(({ end }) => end.jobId).join(', ');
    this.#options.onError(
      new Error(`The right to write the ends of these jobs is missing, and is waited for: ${ids}.`),
    );
    await sleep(AGAIN_MS, undefined, { ref: false });
    this.#ended.push(...withheld);
    this.#plan();
  }

  /** Until it is answered: a turn under the same id is not done twice. */
  async #send(ended: readonly Ended[], wanted: number): Promise<TurnAnswer | undefined> {
    const { queue, worker, lockMs, expiresAfterMs, now, onError } = this.#options;
    this.#count += 1;
    const tokens = Array.from({ length: Math.max(0, wanted) }, () => `${this.#self}:${(this.#tokens += 1)}`);
    const turn: Turn = {
      id: `${this.#self}:${this.#count}`,
      now: Math.floor(now()),
      ends: ended.map(({ end }) => end),
      take:
        tokens.length === 0
          ? undefined
          : { tokens, worker, lockMs, maxBytes: BYTES_A_TURN, expiresAfterMs: expiresAfterMs?.() },
    };
    for (;;) {
      try {
        return await queue.turn(turn);
      } catch (error) {
        onError(error);
        if (this.#stop.signal.aborted && ended.length === 0) return undefined;
        // All of a turn needs the same rights, but for ends that BullMQ's own script writes: those are answered one by one.
        if (!mayPass(error)) return this.#apart(turn, error);
      }
      await sleep(AGAIN_MS, undefined, { ref: false });
    }
  }

  /** A turn that fails for another reason would fail for ever: its ends are written in halves, until the one that is to blame stands alone. */
  async #apart({ id, now, ends }: Turn, cause: unknown): Promise<TurnAnswer> {
    if (ends.length <= 1) {
      if (ends.length === 0) await sleep(AGAIN_MS, undefined, { ref: false });
      const reason = `it failed with ${toError(cause).name}`;
      return { settled: ends.map(() => ({ kind: 'refused', reason })), jobs: [], rest: undefined };
    }
    const half = Math.ceil(ends.length / 2);
    const settled: SettleAnswer[] = [];
    for (const [index, part] of [ends.slice(0, half), ends.slice(half)].entries()) {
      const turn = { id: `${id}.${index}`, now, ends: part, take: undefined };
      settled.push(...(await this.#settlePart(turn)));
    }
    return { settled, jobs: [], rest: undefined };
  }

  async #settlePart(turn: Turn): Promise<readonly SettleAnswer[]> {
    for (;;) {
      try {
        return (await this.#options.queue.turn(turn)).settled;
      } catch (error) {
        if (!mayPass(error)) return (await this.#apart(turn, error)).settled;
      }
      await sleep(AGAIN_MS, undefined, { ref: false });
    }
  }

  /** Sleeps until there may be work for a slot that is free. */
  async #listen(): Promise<void> {
    const { signal } = this.#stop;
    // What is there is not signed for a second time.
    let look = true;
    // A pause may have come before what may be asked for was: nobody else would ask.
    if (this.#hasRoom) this.#plan();
    while (!signal.aborted) {
      // Also while turns are under way: two that are small would alternate for ever, and none would be larger than the last.
      if (this.#spare <= 0 || this.#appetite.isLeft) {
        await new Promise<void>(resolve => (this.#notListening = resolve));
        this.#notListening = undefined;
        continue;
      }
      if (!look) await this.#restOver(signal);
      look = false;
      if (signal.aborted) return;
      this.#appetite.wake();
      this.#plan();
      if (this.#planned || this.#underWay > 0) {
        await new Promise<void>(resolve => (this.#notListening = resolve));
        this.#notListening = undefined;
      }
    }
  }

  async #restOver(signal: AbortSignal): Promise<void> {
    const { queue, now, pass } = this.#options;
    while (!signal.aborted) {
      const rest = this.#rest;
      if (rest.kind === 'limited') return pass(Math.min(rest.forMs + 1, 5_000), signal);
      if (rest.kind === 'more' && queue.signStays !== true) return;
      const until = rest.kind === 'none' ? rest.delayedUntil : undefined;
      const wait = { until, end: new AbortController() };
      this.#wait = wait;
      await queue.waitForWork(now(), until, wait.end.signal);
      this.#wait = undefined;
      // Else a turn that was under way has found out meanwhile that there will be work earlier.
      if (!wait.end.signal.aborted) return;
    }
  }

  /** A queue may know of work before the sign comes. */
  #learn(rest: Rest): void {
    this.#rest = rest;
    this.#appetite.learn(rest);
    if (rest.kind === 'limited') this.#options.onLimited?.();
    if (this.#wait === undefined || rest.kind !== 'none' || rest.delayedUntil === undefined) return;
    if (rest.delayedUntil < (this.#wait.until ?? Number.POSITIVE_INFINITY)) this.#wait.end.abort();
  }
}
