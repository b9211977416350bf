/** How jobs are added. */
export type How = 'one by one' | 'in flight' | 'bulk' | 'delayed' | 'keyed';

/** What the benchmark asks of a program. */
export type Ask =
  | { readonly ask: 'clear' | 'starts' | 'ends' | 'stop' | 'close' }
  /** Jobs with the numbers from `from`, each with so many bytes beside the usual; resolves when all are acknowledged. Answers `Spent`. */
  | { readonly ask: 'add'; readonly how: How; readonly jobs: number; readonly bytes: number; readonly from: number }
  | { readonly ask: 'pace'; readonly jobs: number; readonly perSecond: number; readonly delayMs: number }
  | {
      readonly ask: 'work';
      readonly concurrency: number;
      readonly queues: number;
      /** How long each handler waits. */
      readonly waitMs: number;
      /** Whether what ran is kept, as a worker process does it; of Shiftwork alone. */
      readonly history: boolean;
      /** Whether starts and ends are noted. */
      readonly recording: boolean;
    }
  /** Resolves when so many have been handled. Answers `Ran`. */
  | { readonly ask: 'ran'; readonly jobs: number };

export interface Spent {
  readonly ms: number;
  /** CPU time of the program. */
  readonly nodeUs: number;
}

export interface Ran {
  readonly handled: number;
  readonly atMs: number;
  /** CPU time of the program since its start. */
  readonly nodeUs: number;
}

/** A handler's beginning, in milliseconds since 1970 with their fractions, beside the job's `at`. */
export interface Start {
  readonly index: number;
  readonly at: number;
  readonly begunAt: number;
}

export interface Asked {
  readonly id: number;
  readonly ask: Ask;
}

export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };
