import type { AnyJobContract, App, Handler } from '../../contracts/index.ts';
import { BlameBook } from '../../dead-letters/index.ts';
import { MemoryEngine, type MemoryServer } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { createWorkerHost, Rescue, type WorkerHost } from '../../runtime/index.ts';
import type { GivenSecrets } from '../../secrets/index.ts';
import { openState } from '../../state/index.ts';

export interface TestWorkerOptions {
  readonly app: App;
  readonly server: MemoryServer;
  readonly namespace: string;
  readonly secrets: GivenSecrets;
  readonly facts: Facts;
  readonly queues: readonly string[];
  readonly needs: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/** One start of the worker: after a crash it is another one. */
interface Life {
  readonly engine: MemoryEngine;
  readonly host: WorkerHost;
  readonly fate: Fate;
}

interface Fate {
  isOver: boolean;
}

/** Nobody hears of it any more. */
const NEVER = new Promise<never>(() => undefined);

/** The worker of a test app: the host that works in production, on an engine in memory, and what may happen to it. */
export class TestWorker {
  readonly #options: TestWorkerOptions;
  readonly #twice = new Set<string>();
  readonly #dead: Life[] = [];
  #life: Life | undefined;
  #starting: Promise<void> | undefined;

  constructor(options: TestWorkerOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#life?.fate.isOver === false ? this.#life.host.running.size : 0;
  }

  /** Resolves when it works, also after a crash. */
  started(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Kills it: nothing that it runs is recorded, and all of it goes back to the head of its queue for the next worker, as a supervisor
   * does it. Never resolves: whoever waits for it in a handler is dead.
   */
  crash(): Promise<never> {
    const life = this.#life;
    if (life !== undefined && !life.fate.isOver) {
      life.fate.isOver = true;
      life.engine.cut();
      this.#dead.push(life);
      this.#starting = this.#rescue(life).then(() => this.#start());
      // Whoever asks whether it has started gets an answer.
      this.#starting.catch(() => undefined);
    }
    return NEVER;
  }

  /** The next run of this contract that ends is not recorded: its job is another worker's by then, and runs again. */
  runTwice({ name }: AnyJobContract): void {
    this.#twice.add(name);
  }

  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await Promise.all(
      [...this.#dead, ...(this.#life === undefined ? [] : [this.#life])].map(({ host }) => host.stop(0)),
    );
  }

  #engine(): MemoryEngine {
    const { server, namespace, secrets } = this.#options;
    return new MemoryEngine(new URL('memory://test'), { url: '', role: 'worker', namespace, secrets }, server);
  }

  async #start(): Promise<void> {
    const { app, facts, queues, needs } = this.#options;
    const engine = this.#engine();
    const fate: Fate = { isOver: false };
    const own = [...app.handlers].map(([name, handler]) => [name, this.#within(engine, fate, handler)] as const);
    const host = createWorkerHost({ app: { ...app, handlers: new Map(own) }, engine, facts, queues, needs });
    this.#life = { engine, host, fate };
    await host.start();
  }

  /** What a handler of a dead worker comes to is nobody's business any more. */
  #within(engine: MemoryEngine, fate: Fate, handler: Handler): Handler {
    return {
      ...handler,
      perform: async (data, run, needs) => {
        try {
          const result = await handler.perform(data, run, needs);
          if (!fate.isOver && this.#twice.delete(run.jobName)) await this.#takeAway(engine, run.queue, run.jobId);
          return fate.isOver ? await NEVER : result;
        } catch (error) {
          throw fate.isOver ? await NEVER : error;
        }
      },
    };
  }

  async #takeAway(engine: MemoryEngine, queue: string, jobId: string): Promise<void> {
    const claims = await engine.claims(queue);
    await engine.handBack(
      queue,
      claims.filter(claim => claim.jobId === jobId),
    );
  }

  async #rescue({ host }: Life): Promise<void> {
    const { facts, queues } = this.#options;
    const engine = this.#engine();
    const store = await openState(engine);
    const rescue = new Rescue({ engine, store, blame: new BlameBook(store), facts, name: 'supervisor', queues });
    await rescue.run('worker-died', worker => worker === host.name);
    await engine.close();
  }
}
