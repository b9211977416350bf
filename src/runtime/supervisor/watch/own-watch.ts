import { url as inspectorUrl } from 'node:inspector';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { TURN_EVERY_MS } from './turns.ts';

/** What the thread gets at its start. */
export interface OwnWatchData {
  /** Two numbers that the main thread writes: how often its event loop has turned, and whether somebody debugs it. */
  readonly turns: SharedArrayBuffer;
  readonly worker: string;
  readonly withStack: boolean;
}

export interface OwnWatch {
  /** Where the code stood in the silence that has just ended; empty where the thread has not seen it. */
  where(): Promise<readonly string[]>;
  stop(): void;
}

export const TURNS = 0;
export const DEBUGGED = 1;

/** The thread notices within this that the silence is over. */
const WITHIN_MS = 1_000;

/**
 * Watches this process from a thread of its own, where no supervisor does it from outside: while the main thread answers nothing, the thread
 * writes so on standard error, with the functions in which the code stands where `withStack` says so. It ends nobody, and never keeps the
 * process alive.
 */
export function watchOwnProcess(worker: string, withStack: boolean): OwnWatch {
  const turns = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  const numbers = new Int32Array(turns);
  const file = new URL(`own-watch-thread${extname(import.meta.url)}`, import.meta.url);
  const workerData: OwnWatchData = { turns, worker, withStack };
  const thread = new Worker(file, {
    workerData,
    execArgv: ['--no-warnings'],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
  });
  // Without it nobody speaks; the work goes on.
  thread.on('error', () => undefined);
  thread.unref();
  const turn = (): void => {
    Atomics.store(numbers, DEBUGGED, inspectorUrl() === undefined ? 0 : 1);
    Atomics.add(numbers, TURNS, 1);
  };
  turn();
  const timer = setInterval(turn, TURN_EVERY_MS).unref();
  return {
    where: () =>
      new Promise(resolve => {
        const end = (stack: readonly string[]): void => {
          clearTimeout(patience);
          thread.off('message', end);
          resolve(stack);
        };
        const patience = setTimeout(end, WITHIN_MS, []).unref();
        thread.on('message', end);
      }),
    stop() {
      clearInterval(timer);
      void thread.terminate();
    },
  };
}
