import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../contracts/index.ts';
import type { Engine } from '../engine/index.ts';
import { isUnreachable } from '../resilience/index.ts';
import { openState, type StateStore } from '../state/index.ts';
import type { DeadLetterReport, DeadLetters } from '../dead-letters/index.ts';
import type { Client } from '../queue/index.ts';
import { actOnUnfinished } from './act-on-unfinished.ts';
import { letterFilter } from './bulk-filter.ts';
import { isTaskOver, taskIn, type BulkTask } from './bulk-task.ts';

export interface BulkTasksOptions {
  readonly engine: Engine;
  readonly app: Pick<App, 'queues'>;
  readonly letters: Pick<DeadLetters, 'replay' | 'discard'>;
  /** On the same engine: what changes jobs that wait. */
  readonly client: Pick<Client, 'update'>;
  /** Called with what kept a task from going on now; it is tried again. */
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
  readonly leaseMs?: number;
}

const TASKS = 'bulk-tasks';
const LEASES = 'bulk-task-leases';
const KEPT_MS = 7 * 86_400_000;
const EVERY_MS = 2_000;
/** Where nothing is under way; whoever begins a task here looks at once. */
const IDLE_MS = 5_000;
const LEASE_MS = 10_000;

/**
 * Carries out tasks that are kept in the shared state, in whichever process that has one of these holds a task's lease: killed in the middle,
 * another goes on with what is left. Each job is acted on by itself, and is then no longer what is looked for: a dead letter leaves the failed set, a
 * cancelled job carries a mark, one that was started waits for no time. So none is skipped, and none is acted on twice: what has run, or failed
 * again, since the task began is not touched.
 */
export class BulkTasks {
  readonly #options: BulkTasksOptions;
  readonly #running = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: BulkTasksOptions) {
    this.#options = options;
  }

  /** Looks for tasks to carry out from now on: for all, or for one. */
  start(only?: string): void {
    const look = (): void => {
      this.#looking = this.look(only)
        .catch(this.#options.onError)
        .finally(() => {
          const { everyMs = this.#running.size > 0 ? EVERY_MS : IDLE_MS } = this.#options;
          if (!this.#closed) this.#timer = setTimeout(look, everyMs).unref();
        });
    };
    look();
  }

  /** Rejects when the engine does not answer. */
  async begin(asked: Pick<BulkTask, 'what' | 'filter' | 'by' | 'reason' | 'perSecond' | 'total'>): Promise<BulkTask> {
    const id = randomUUID();
    const startedAt = this.#options.engine.clock.now();
    const task: BulkTask = { ...asked, id, startedAt, state: 'running', done: 0, skipped: 0, why: undefined };
    await (await this.#state()).set(TASKS, id, task, KEPT_MS);
    return task;
  }

  /** Of the last week, the newest first: one command. */
  async list(): Promise<readonly BulkTask[]> {
    const found = await (await this.#state()).list(TASKS);
    return found.flatMap(({ name, value }) => taskIn(name, value)).toSorted((a, b) => b.startedAt - a.startedAt);
  }

  /** Pauses, resumes or stops one that is not over. Answers whether there was one. */
  async turn(id: string, to: 'running' | 'paused' | 'stopped'): Promise<boolean> {
    return this.#change(id, task => (isTaskOver(task.state) ? undefined : { ...task, state: to }));
  }

  /** One look for tasks that nobody carries out; for that one alone where it is named. */
  async look(only?: string): Promise<void> {
    for (const task of await this.list()) {
      if (only !== undefined && task.id !== only) continue;
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

  async #carryOut(task: BulkTask, lease: number, stop: AbortController): Promise<void> {
    const state = await this.#state();
    let acted = 0;
    const holding = this.#hold(task, lease, stop, () => acted);
    try {
      const report = await this.#act(task, stop.signal, () => (acted += 1));
      const skipped = report.skipped.length;
      await this.#change(task.id, now => ({
        ...now,
        // Who has stopped it meanwhile must not read that it was carried out to its end.
        state: now.state === 'stopped' ? 'stopped' : 'done',
        // Whoever was killed has perhaps not said what it did last. Jobs that have not ended may have ended by themselves.
        done: Math.max(task.done + report.done.length, isOfLetters(task) ? now.total - skipped : 0),
        skipped,
        why: report.skipped[0]?.why,
      }));
    } catch (error) {
      if (!stop.signal.aborted) {
        if (isUnreachable(error)) throw error;
        await this.#change(task.id, now =>
          isTaskOver(now.state) ? undefined : { ...now, state: 'failed', why: 'the log of the dashboard says why' },
        );
        throw error;
      }
      await this.#change(task.id, now => ({ ...now, done: Math.max(now.done, task.done + acted) }));
    } finally {
      await state.delete(LEASES, task.id, await holding.let()).catch(() => undefined);
    }
  }

  #act(task: BulkTask, signal: AbortSignal, onDone: () => void): Promise<DeadLetterReport> {
    const { engine, app, letters, client } = this.#options;
    const { by, filter, reason = 'in the background', startedAt, perSecond } = task;
    switch (task.what) {
      case 'replay':
        return letters.replay(letterFilter(filter, startedAt), { by, perSecond, notSince: startedAt, signal, onDone });
      case 'discard':
        return letters.discard(letterFilter(filter, startedAt), { by, reason, notSince: startedAt, signal, onDone });
      case 'cancel':
      case 'run-now':
        return actOnUnfinished(task, { engine, app, client, pace: paceOf(perSecond, signal), signal, onDone });
    }
  }

  /** Renews the lease, says how far it is, and stops when somebody has paused or stopped it, or has the lease by now. */
  #hold({ id, done }: BulkTask, lease: number, stop: AbortController, acted: () => number): { let(): Promise<number> } {
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

  async #change(id: string, to: (task: BulkTask) => BulkTask | undefined): Promise<boolean> {
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

function isOfLetters({ what }: BulkTask): boolean {
  return what === 'replay' || what === 'discard';
}

/** What is awaited before each, so that there are no more than so many a second. */
function paceOf(perSecond: number, signal: AbortSignal): () => Promise<void> {
  let next = performance.now();
  return async () => {
    await sleep(Math.max(0, next - performance.now()), undefined, { signal });
    next = Math.max(next, performance.now()) + 1_000 / perSecond;
  };
}
