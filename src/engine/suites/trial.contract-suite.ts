import { expect, vi } from 'vitest';
import { PATIENT } from '../../../tests/support/wait-for.ts';
import { openEngine, type Engine, type EngineJob, type EngineOptions, type EngineWorker } from '../index.ts';

/** A part of a server that many tests share. */
export interface SharedFixture {
  readonly url: string;
  readonly namespace: string;
  cleanup(): Promise<unknown>;
}

/** A server that a test may take away. */
export interface OwnServer {
  readonly url: string;
  kill(): Promise<unknown>;
  restart(): Promise<unknown>;
  /** Freezes it (SIGSTOP): connections stay, nothing answers. */
  pause(): unknown;
  resume(): unknown;
  /** Ends it for good, whatever its state. */
  dispose(): Promise<unknown>;
}

export interface EngineContractCase {
  readonly kind: Engine['kind'];
  openFixture(): Promise<SharedFixture>;
  startServer(): Promise<OwnServer>;
}

export interface RunningWorker {
  readonly worker: EngineWorker;
  readonly jobs: EngineJob[];
}

/** The engines that a test opens, closed together at its end. */
export class Engines {
  readonly #open: Engine[] = [];

  open(options: EngineOptions): Engine {
    const engine = openEngine(options);
    this.#open.push(engine);
    return engine;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map(engine => engine.close(1_000)));
  }
}

/** A worker of the queue "email" that runs, and every job that it was given. */
export async function startWorker(
  engine: Engine,
  perform: (job: EngineJob) => Promise<unknown> = async () => undefined,
): Promise<RunningWorker> {
  const jobs: EngineJob[] = [];
  const worker = await engine.worker(
    'email',
    async job => {
      jobs.push(job);
      return perform(job);
    },
    { name: 'tester', concurrency: 1 },
  );
  void worker.run();
  return { worker, jobs };
}

export function namesOf({ jobs }: RunningWorker): readonly string[] {
  return jobs.map(job => job.name);
}

/** Waits until the worker was given jobs of these names, in this order, and no others. */
export async function seen(running: RunningWorker, names: readonly string[]): Promise<void> {
  await vi.waitFor(() => expect(namesOf(running)).toEqual(names), PATIENT);
}
