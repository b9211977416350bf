import type { EndKind, Engine, TakenJob } from '../../src/engine/index.ts';
import { TurnLoop } from '../../src/runtime/host/turns/turn-loop.ts';

export interface TurnWorker {
  /** Every job that it was given. */
  readonly jobs: TakenJob[];
  /** What failed beside the engine being away. */
  readonly errors: unknown[];
  /** Resolves when everything that it took has ended. */
  stop(): Promise<void>;
}

/** Answers how the job ended; nothing: it succeeded. What it throws is the reason why the job is dead. */
export type Work = (job: TakenJob) => Promise<EndKind | void>;

/** A worker of one queue without contracts: what tests of engines work with. It stops when its engine is closed. */
export async function startTurnWorker(
  engine: Engine,
  name: string,
  work: Work = async () => undefined,
  concurrency = 1,
): Promise<TurnWorker> {
  const jobs: TakenJob[] = [];
  const errors: unknown[] = [];
  const loop = new TurnLoop({
    queue: await engine.turns(name),
    worker: 'tester',
    concurrency,
    isLimited: false,
    lockMs: 30_000,
    now: () => engine.clock.now(),
    pass: (ms, signal) => engine.clock.pass(ms, signal),
    onJob: job => void run(job),
    onError: error => errors.push(error),
    onLost: () => undefined,
  });
  const run = async (job: TakenJob): Promise<void> => {
    jobs.push(job);
    await loop.settle(job, await endOf(job, work));
  };
  loop.start();
  stopWith(engine, () => loop.abandon());
  return {
    jobs,
    errors,
    async stop() {
      loop.pause();
      await loop.settled();
    },
  };
}

async function endOf(job: TakenJob, work: Work): Promise<EndKind> {
  try {
    return (await work(job)) ?? { what: 'succeeded', result: 'null', keep: {} };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { what: 'dead', failure: { message, stacktrace: [] }, attempts: job.attemptsMade + 1, keep: {} };
  }
}

/** Whatever works on an engine's connections ends before they do. */
export function stopWith(engine: Engine, stop: () => unknown): void {
  const close = engine.close.bind(engine);
  engine.close = timeoutMs => {
    void stop();
    return close(timeoutMs);
  };
}
