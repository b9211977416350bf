import { randomUUID } from 'node:crypto';
import type { Engine } from '../../engine/index.ts';
import { isUnreachable } from '../../resilience/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import type { DeadLetters } from '../dead-letters.ts';

/** A replay or a discard of many dead letters, in the background. Times are the engine's, milliseconds since 1970. */
export interface LetterTask {
  readonly id: string;
  readonly what: 'replay' | 'discard';
  /** The cause whose letters it acts on. */
  readonly fingerprint: string;
  readonly by: string;
  readonly reason: string | undefined;
  /** Replays a second. */
  readonly perSecond: number;
  /** When it was asked for. What ends in failure after that is another failure, and left alone: nothing is replayed twice. */
  readonly startedAt: number;
  readonly state: LetterTaskState;
  /** How many there were when it was asked for. */
  readonly total: number;
  readonly done: number;
  readonly skipped: number;
  /** Of one that was skipped. */
  readonly why: string | undefined;
}

const STATES = ['running', 'paused', 'stopped', 'done', 'failed'] as const;
export type LetterTaskState = (typeof STATES)[number];

export interface LetterTasksOptions {
  readonly engine: Engine;
  readonly letters: Pick<DeadLetters, 'replay' | 'discard'>;
  /** Called with what kept a task from going on now; it is tried again. */
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
  readonly leaseMs?: number;
}

const TASKS = 'letter-tasks';
const LEASES = 'letter-task-leases';
const KEPT_MS = 7 * 86_400_000;
const EVERY_MS = 2_000;
const LEASE_MS = 10_000;

/**
 * Carries out tasks that are kept in the shared state, in whichever process that has one of these holds a task's lease: killed in the middle,
 * another goes on with what is left. Each letter is acted on by itself and leaves the failed set with it, so none is skipped by that, and
 * what has failed again since the task began is not touched.
 */
export class LetterTasks {
  readonly #options: LetterTasksOptions;
  readonly #running = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: LetterTasksOptions) {
    this.#options = options;
  }

  /** Looks for tasks to carry out from now on. */
  start(): void {
    const look = (): void => {
      this.#looking = this.look()
        .catch(this.#options.onError)
        .finally(() => {
          if (!this.#closed) this.#timer = setTimeout(look, this.#options.everyMs ?? EVERY_MS).unref();
        });
    };
    look();
  }

  /** Rejects when the engine does not answer. */
  async begin(
    asked: Pick<LetterTask, 'what' | 'fingerprint' | 'by' | 'reason' | 'perSecond' | 'total'>,
  ): Promise<LetterTask> {
    const id = randomUUID();
    const startedAt = this.#options.engine.clock.now();
    const task: LetterTask = { ...asked, id, startedAt, state: 'running', done: 0, skipped: 0, why: undefined };
    await (await this.#state()).set(TASKS, id, task, KEPT_MS);
    return task;
  }

  /** Of the last week, the newest first: one command. */
  async list(): Promise<readonly LetterTask[]> {
    const found = await (await this.#state()).list(TASKS);
    return found.flatMap(({ name, value }) => taskIn(name, value)).toSorted((a, b) => b.startedAt - a.startedAt);
  }

  /** Pauses, resumes or stops one that is not over. Answers whether there was one. */
  async turn(id: string, to: 'running' | 'paused' | 'stopped'): Promise<boolean> {
    return this.#change(id, task => (isTaskOver(task.state) ? undefined : { ...task, state: to }));
  }

  /** One look for tasks that nobody carries out. */
  async look(): Promise<void> {
    for (const task of await this.list()) {
      if (task.state !== 'running' || this.#running.has(task.id) || this.#closed) continue;
      const state = await this.#state();
      const lease = await state.compareAndSet(LEASES, task.id, 0, {}, this.#leaseMs);
      if (lease === undefined) continue;
      const stop = new AbortController();
      const ended = this.#carryOut(task, lease, stop)
        .catch(this.#options.onError)
        .finally(() => this.#running.delete(task.id));
      this.#running.set(task.id, { stop, ended });
    }
  }

  /** Lets go of what it carries out: another process goes on with it. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  async #carryOut(task: LetterTask, lease: number, stop: AbortController): Promise<void> {
    const state = await this.#state();
    const { letters } = this.#options;
    let acted = 0;
    const holding = this.#hold(task, lease, stop, () => acted);
    const { fingerprint, by, reason = 'in the background', startedAt: until, perSecond } = task;
    // A cause says by itself whether its jobs expired or were cancelled.
    const filter = { fingerprint, until, all: true };
    const common = { by, signal: stop.signal, onDone: () => (acted += 1) };
    try {
      const report = await (task.what === 'replay'
        ? letters.replay(filter, { ...common, perSecond })
        : letters.discard(filter, { ...common, reason }));
      const skipped = report.skipped.length;
      await this.#change(task.id, now => ({
        ...now,
        state: 'done',
        // Whoever was killed has perhaps not said what it did last.
        done: Math.max(task.done + report.done.length, now.total - skipped),
        skipped,
        why: report.skipped[0]?.why,
      }));
    } catch (error) {
      if (!stop.signal.aborted) {
        if (isUnreachable(error)) throw error;
        await this.#change(task.id, now => ({ ...now, state: 'failed', why: 'the log of the dashboard says why' }));
        throw error;
      }
      await this.#change(task.id, now => ({ ...now, done: Math.max(now.done, task.done + acted) }));
    } finally {
      await state.delete(LEASES, task.id, await holding.let()).catch(() => undefined);
    }
  }

  /** Renews the lease, says how far it is, and stops when somebody has paused or stopped it, or has the lease by now. */
  #hold(
    { id, done }: LetterTask,
    lease: number,
    stop: AbortController,
    acted: () => number,
  ): { let(): Promise<number> } {
    let version = lease;
    let ticking: Promise<void> = Promise.resolve();
    const tick = async (): Promise<void> => {
      const state = await this.#state();
      const renewed = await state.compareAndSet(LEASES, id, version, {}, this.#leaseMs);
      if (renewed === undefined) return stop.abort();
      version = renewed;
      const goesOn = await this.#change(id, task =>
        task.state === 'running' ? { ...task, done: Math.max(task.done, done + acted()) } : undefined,
      );
      if (!goesOn) stop.abort();
    };
    const timer = setInterval(() => {
      ticking = ticking.then(tick).catch(this.#options.onError);
    }, this.#options.everyMs ?? EVERY_MS);
    timer.unref();
    return {
      async let() {
        clearInterval(timer);
        await ticking;
        return version;
      },
    };
  }

  async #change(id: string, to: (task: LetterTask) => LetterTask | undefined): Promise<boolean> {
    const state = await this.#state();
    for (;;) {
      const entry = await state.get(TASKS, id);
      const [task] = entry === undefined ? [] : taskIn(id, entry.value);
      const next = task && to(task);
      if (entry === undefined || next === undefined) return false;
      if ((await state.compareAndSet(TASKS, id, entry.version, next, KEPT_MS)) !== undefined) return true;
    }
  }

  get #leaseMs(): number {
    return this.#options.leaseMs ?? LEASE_MS;
  }

  #state(): Promise<StateStore> {
    return openState(this.#options.engine);
  }
}

export function isTaskOver(state: LetterTaskState): boolean {
  return state === 'done' || state === 'stopped' || state === 'failed';
}

/** What perhaps another release has written. */
function taskIn(id: string, value: unknown): LetterTask[] {
  if (typeof value !== 'object' || value === null) return [];
  const given: Partial<Record<keyof LetterTask, unknown>> = value;
  const state = STATES.find(each => each === given.state);
  const { what, fingerprint, by, reason, why } = given;
  if (state === undefined || typeof fingerprint !== 'string' || typeof by !== 'string') return [];
  const count = (number: unknown): number => (typeof number === 'number' && number >= 0 ? number : 0);
  return [
    {
      id,
      what: what === 'discard' ? 'discard' : 'replay',
      fingerprint,
      by,
      reason: typeof reason === 'string' ? reason : undefined,
      perSecond: Math.max(1, count(given.perSecond)),
      startedAt: count(given.startedAt),
      state,
      total: count(given.total),
      done: count(given.done),
      skipped: count(given.skipped),
      why: typeof why === 'string' ? why : undefined,
    },
  ];
}
