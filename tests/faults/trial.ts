import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { connect, type Client } from '../../src/queue/index.ts';
import { startProcess, type TestProcess } from '../support/child-process.ts';
import { program } from '../support/programs.ts';
import { descendantsOf, isAlive } from '../support/process-tree.ts';
import { PATIENCE_MS, waitFor } from '../support/wait-for.ts';
import { work, type SinkLine } from './app/chaos.config.ts';
import { seededRandom } from './random.ts';

/** For what consists of many steps, such as the starts of processes one after another. */
const TRIAL_PATIENCE_MS = 4 * PATIENCE_MS;
const WORKER = program('workers/main.ts');
const CHAOS = program('tests/faults/app/chaos.config.ts');

/** An engine of the trial's own, that it may break. */
export interface BreakableEngine {
  readonly kind: 'redis' | 'postgres';
  readonly url: string;
  kill(): Promise<void>;
  restart(): Promise<void>;
  pause(): void;
  resume(): void;
}

/** Environment of a host with one worker, where the case needs no second: each costs a second of CPU to start. */
export const ONE = { WORKER_PROCESSES: '1' } as const;

export interface Fleet {
  readonly process: TestProcess;
  /** Process ids of its workers, without the supervisor. */
  workers(): readonly number[];
  /** What it said in facts of that name. */
  facts(name: string): readonly Record<string, unknown>[];
  killHost(): void;
}

export type Work = Parameters<typeof work>[0];

/** What a case measured. */
export interface Measured {
  jobs: number;
  lost: number;
  /** Jobs that ran more than once. */
  twice: number;
  /** Attempts that a fault has cost. */
  burned: number;
  /** From the fault to the jobs' running again, milliseconds. */
  readonly recoveries: number[];
}

/**
 * One run of one fault case: an engine, fleets of real processes, a ledger of what was acknowledged, a sink that counts effects,
 * and the check of the invariants at the end.
 */
export class Trial {
  readonly engine: BreakableEngine;
  readonly random: () => number;
  readonly accepted = new Map<string, Work>();
  readonly measured: Measured = { jobs: 0, lost: 0, twice: 0, burned: 0, recoveries: [] };
  /** Multiplies counts and durations: 1 in the short form. */
  readonly scale: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'shiftwork-fault-'));
  readonly namespace: string;
  readonly #fleets: Fleet[] = [];
  #refused = 0;
  #client: Client | undefined;
  #inspector: Engine | undefined;

  constructor(engine: BreakableEngine, seed: number, scale: number) {
    this.engine = engine;
    this.random = seededRandom(seed);
    this.scale = scale;
    this.namespace = `fault${process.pid}x${(trials += 1)}`;
  }

  get sinkFile(): string {
    return join(this.#folder, 'sink');
  }

  /** An integer from `from` to `to`. */
  between(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1));
  }

  async open(): Promise<void> {
    // A patient one: on a busy machine an answer may take longer than a producer waits.
    const engine = openEngine({ url: this.engine.url, namespace: this.namespace, role: 'worker' });
    await engine.migrate();
    this.#inspector = engine;
    const fixture = this.engine.kind === 'redis' ? { redis: this.engine.url } : { postgres: this.engine.url };
    this.#client = connect({ ...fixture, namespace: this.namespace });
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('The trial is not open.');
    return this.#client;
  }

  get inspector(): Engine {
    if (this.#inspector === undefined) throw new Error('The trial is not open.');
    return this.#inspector;
  }

  startFleet(env: Readonly<Record<string, string>> = {}, app = CHAOS): Fleet {
    const child = startProcess(WORKER, {
      args: ['--app', app],
      env: {
        [this.engine.kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL']: this.engine.url,
        SHIFTWORK_NAMESPACE: this.namespace,
        CHAOS_SINK: this.sinkFile,
        WORKER_PROCESSES: '2',
        ...env,
      },
    });
    const workers = () => descendantsOf(child.pid);
    const stated: Record<string, unknown>[] = [];
    let read = 0;
    const fleet: Fleet = {
      process: child,
      workers,
      facts(name) {
        stated.push(...child.lines.slice(read).flatMap(line => parsed(line)));
        read = child.lines.length;
        return stated.filter(({ fact }) => fact === name);
      },
      killHost() {
        const all = workers();
        child.kill('SIGSTOP');
        for (const pid of all) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
        child.kill('SIGKILL');
      },
    };
    this.#fleets.push(fleet);
    return fleet;
  }

  /** A fleet whose workers all work. */
  async readyFleet(env: Readonly<Record<string, string>> = {}, app = CHAOS): Promise<Fleet> {
    const fleet = this.startFleet(env, app);
    const wanted = Number(env['WORKER_PROCESSES'] ?? 2);
    const ready = () => fleet.facts('worker.started').length >= wanted;
    let hasEnded = false;
    void fleet.process.ended.then(() => (hasEnded = true));
    await waitFor('the workers', () => ready() || hasEnded, TRIAL_PATIENCE_MS);
    // One that refuses to start is not waited for.
    if (!ready()) throw new Error('Expected the workers to start, but their host has ended.');
    return fleet;
  }

  /** Enqueues and writes down what was acknowledged. A refusal is no loss: the producer knows. */
  async add(data: Work): Promise<string | undefined> {
    try {
      const { id } = await this.client.enqueue(work, data);
      appendFileSync(join(this.#folder, 'ledger'), `${id}\n`);
      this.accepted.set(id, data);
      return id;
    } catch {
      // It may have been stored all the same: the producer was told that it is not known.
      this.#refused += 1;
      return undefined;
    }
  }

  /** As `add`, again until it is taken: where nothing is done to the engine, what refuses is a machine that is too busy. */
  async taken(data: Work): Promise<string> {
    const idempotencyKey = `${data.key}-${this.accepted.size}`;
    const ask = () => this.client.enqueue(work, data, { idempotencyKey });
    const { id } = await waitFor('the job to be taken', ask, TRIAL_PATIENCE_MS);
    this.accepted.set(id, data);
    return id;
  }

  addMany(count: number, make: (index: number) => Work): Promise<(string | undefined)[]> {
    return Promise.all(Array.from({ length: count }, (_, index) => this.add(make(index))));
  }

  sink(): readonly SinkLine[] {
    if (!existsSync(this.sinkFile)) return [];
    return readFileSync(this.sinkFile, 'utf8')
      .split('\n')
      .filter(line => line.endsWith('}'))
      .map(line => JSON.parse(line) as SinkLine);
  }

  /** The slots whose jobs ran, as often as they ran. */
  slots(): readonly number[] {
    return this.sink().flatMap(({ slot }) => (slot === undefined ? [] : [slot]));
  }

  startsOf(jobId: string): readonly SinkLine[] {
    return this.sink().filter(line => line.what === 'start' && line.jobId === jobId);
  }

  /** Jobs that a process has begun and not ended. */
  runningIn(pid: number): readonly string[] {
    const open = new Set<string>();
    for (const line of this.sink()) {
      if (line.pid !== pid) continue;
      if (line.what === 'start') open.add(line.jobId);
      else open.delete(line.jobId);
    }
    return [...open];
  }

  /** Of these, what has not ended: the end of a run that comes just before a kill is no interruption. */
  unended(jobIds: readonly string[]): readonly string[] {
    const ended = new Set(this.sink().flatMap(({ what, jobId }) => (what === 'end' ? [jobId] : [])));
    return jobIds.filter(jobId => !ended.has(jobId));
  }

  /** Waits until each of the jobs has begun again after `since`, and notes how long that took: the long form judges it. */
  async recovered(jobIds: readonly string[], since: number): Promise<void> {
    await waitFor(
      'the jobs to run again',
      () => jobIds.every(jobId => this.startsOf(jobId).some(({ at }) => at >= since)),
      TRIAL_PATIENCE_MS,
    );
    for (const jobId of jobIds) {
      const again = this.startsOf(jobId).find(({ at }) => at >= since);
      if (again !== undefined) this.measured.recoveries.push(again.at - since);
    }
  }

  /** Waits until every job of the queue has ended, whichever way. */
  async drained(queueName = 'chaos'): Promise<void> {
    await waitFor(
      'every job to end',
      async () => {
        const queue = await this.inspector.queue(queueName);
        const counts = await queue.getJobCounts();
        const open = ['wait', 'active', 'delayed', 'prioritized'].reduce((sum, state) => sum + (counts[state] ?? 0), 0);
        return open === 0;
      },
      TRIAL_PATIENCE_MS,
    );
  }

  /**
   * L: every acknowledged job has ended or is a dead letter. P: no effect that nobody asked for. D: no more runs than one and the
   * faults that hit the job. A: no attempt burned, and only `guilty` are dead letters. R: nothing held, nothing left over.
   * Answers what is wrong.
   */
  async violations({ faults, guilty = [] }: { faults: number; guilty?: readonly string[] }): Promise<string[]> {
    const wrong: string[] = [];
    const sink = this.sink();
    const starts = Map.groupBy(
      sink.filter(({ what }) => what === 'start'),
      ({ jobId }) => jobId,
    );
    const ends = new Set(sink.filter(({ what }) => what === 'end').map(({ jobId }) => jobId));
    this.measured.jobs = this.accepted.size;
    const unknown = [...starts.keys()].filter(id => !this.accepted.has(id));
    if (unknown.length > this.#refused) wrong.push(`P: ${unknown.join(', ')} ran and nobody asked for that`);
    const queue = await this.inspector.queue('chaos');
    for (const id of this.accepted.keys()) {
      const job = await queue.getJob(id);
      const runs = starts.get(id)?.length ?? 0;
      if (job === undefined) {
        this.measured.lost += 1;
        wrong.push(`L: ${id} is lost`);
        continue;
      }
      const state = await job.getState();
      if (runs > 1) this.measured.twice += 1;
      if (guilty.includes(id)) continue;
      if (state !== 'completed') wrong.push(`A: ${id} is ${state}: ${job.failedReason}`);
      else if (!ends.has(id)) wrong.push(`L: ${id} has succeeded without an effect`);
      if (job.attemptsMade > 1) {
        this.measured.burned += job.attemptsMade - 1;
        wrong.push(`A: ${id} has spent ${job.attemptsMade} attempts`);
      }
      if (runs > 1 + faults) wrong.push(`D: ${id} ran ${runs} times at ${faults} faults`);
    }
    const held = await this.inspector.claims('chaos');
    if (held.length > 0) wrong.push(`R: ${held.length} locks are left`);
    return wrong;
  }

  /** What the fleets said last, for whoever looks into a failure. */
  story(): string {
    return this.#fleets
      .map(({ process: { pid, lines } }) => [`fleet ${pid}:`, ...lines.slice(-25)].join('\n'))
      .join('\n\n');
  }

  async close(): Promise<void> {
    for (const fleet of this.#fleets) fleet.killHost();
    await Promise.all(this.#fleets.map(({ process: { ended } }) => ended));
    await this.#client?.close();
    await this.#inspector?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

let trials = 0;

function parsed(line: string): Record<string, unknown>[] {
  try {
    return [JSON.parse(line) as Record<string, unknown>];
  } catch {
    return [];
  }
}
