import { expect, vi } from 'vitest';
import { startTurnWorker, type TurnWorker, type Work } from '../../../tests/support/turn-worker.ts';
import { PATIENT } from '../../../tests/support/wait-for.ts';
import { openEngine, type Engine, type EngineOptions } from '../index.ts';

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

/** A worker of the queue "email" that runs. */
export function startWorker(engine: Engine, work?: Work): Promise<TurnWorker> {
  return startTurnWorker(engine, 'email', work);
}

export function namesOf({ jobs }: TurnWorker): readonly string[] {
  return jobs.map(job => job.name);
}

/** Waits until the worker was given jobs of these names, in this order, and no others. */
export async function seen(running: TurnWorker, names: readonly string[]): Promise<void> {
  await vi.waitFor(() => expect(namesOf(running)).toEqual(names), PATIENT);
}
