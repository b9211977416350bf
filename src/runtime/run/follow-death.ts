import { decodeAtOnce, type App, type Death, type JobRequest } from '../../contracts/index.ts';
import type { Engine, TakenJob } from '../../engine/index.ts';
import { toError } from '../../errors/index.ts';
import type { DeadReason, Facts } from '../../facts/index.ts';
import { bareError } from '../../privacy/index.ts';
import { clientOn, readMeta, type Client } from '../../queue/index.ts';
import { isOutage } from '../../resilience/index.ts';
import { openState, type StateEntry, type StateStore } from '../../state/index.ts';

export interface FollowDeathsOptions {
  readonly app: App;
  readonly engine: Engine;
  readonly facts: Facts;
  /** Who says what went wrong. */
  readonly worker: string;
}

/** What is to be queued once a job is dead: written down before it is, so that a crash in between loses nothing. */
interface Intent {
  readonly queue: string;
  readonly at: number;
  readonly name: string;
  readonly data: unknown;
  readonly options: object;
}

const INTENTS = 'on-dead';
const KEPT_MS = 14 * 86_400_000;
/** Whoever wrote it down has mostly done it by then. */
const LEFT_ALONE_MS = 5_000;

/** Queues what a contract's `onDead` makes of a death, once for each death. */
export class FollowDeaths {
  readonly #options: FollowDeathsOptions;
  #client: Client | undefined;

  constructor(options: FollowDeathsOptions) {
    this.#options = options;
  }

  /** Before the end is written. Answers what to do once it is; undefined where nothing follows. Never rejects. */
  async intend(death: Death): Promise<(() => Promise<void>) | undefined> {
    const { app, engine } = this.#options;
    try {
      const request = app.jobs.get(death.jobName)?.onDead?.(death);
      if (request === undefined) return undefined;
      const { queue } = death;
      const at = death.at.getTime();
      const store = await openState(engine);
      const intent: Intent = { queue, at, name: request.contract.name, data: request.data, options: request.options };
      const version = await store.set(INTENTS, death.jobId, intent, KEPT_MS);
      return () => this.#follow(store, { name: death.jobId, version }, at, request);
    } catch (error) {
      this.#failed(death.queue, error);
      return undefined;
    }
  }

  /** Does what was written down and not done: its process died in between, or the engine went away. */
  async catchUp(): Promise<void> {
    const { engine } = this.#options;
    const store = await openState(engine);
    for (const entry of await store.list(INTENTS)) await this.#catchUp(store, entry);
  }

  async #catchUp(store: StateStore, entry: StateEntry): Promise<void> {
    const { app, engine } = this.#options;
    const intent = intentIn(entry.value);
    if (intent === undefined || engine.clock.now() - intent.at < LEFT_ALONE_MS) return;
    const state = await (await engine.queue(intent.queue)).getJobState(entry.name);
    if (state === 'active') return;
    const contract = app.jobs.get(intent.name);
    if (state !== 'failed') await store.delete(INTENTS, entry.name, entry.version);
    // A release that does not know what follows leaves it to one that does.
    else if (contract !== undefined) {
      const { data, options } = intent;
      await this.#follow(store, entry, intent.at, { kind: 'job-request', contract, data, options });
    }
  }

  /** Repeating it queues nothing again: the job's id is made of the death. */
  async #follow(
    store: StateStore,
    { name: jobId, version }: Pick<StateEntry, 'name' | 'version'>,
    at: number,
    request: JobRequest,
  ): Promise<void> {
    const { engine, facts } = this.#options;
    try {
      this.#client ??= clientOn(engine, facts);
      await this.#client.enqueueFrom({ id: `dead ${jobId} ${at}`, at: new Date(at) }, [request]);
      await store.delete(INTENTS, jobId, version);
    } catch (error) {
      // What is away now is there when it is looked for again.
      if (isOutage(error)) return;
      this.#failed(request.contract.queue, error);
      await store.delete(INTENTS, jobId, version).catch(() => undefined);
    }
  }

  #failed(queue: string, error: unknown): void {
    const { facts, worker } = this.#options;
    facts.emit('worker.error', { worker, queue, error: bareError(toError(error)) });
  }
}

export interface DeathParts {
  readonly queue: string;
  readonly now: number;
  readonly reason: DeadReason;
  readonly message: string;
  readonly attempts: number;
}

/** Undefined where the contract has nothing to follow: then nothing is decoded. What is expired or cancelled is not dead. */
export function deathOf(
  app: Pick<App, 'jobs'>,
  job: Pick<TakenJob, 'id' | 'name' | 'opts' | 'data'>,
  { queue, now, reason, message, attempts }: DeathParts,
): Death | undefined {
  const contract = app.jobs.get(job.name);
  if (contract?.onDead === undefined || reason === 'expired') return undefined;
  const { version } = readMeta(job.opts.telemetry?.metadata);
  const data = decodeAtOnce(contract, version, job.data)?.data;
  return { jobId: job.id, jobName: job.name, queue, at: new Date(now), attempts, reason, message, data };
}

function intentIn(value: unknown): Intent | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { queue, at, name, data, options }: Partial<Record<keyof Intent, unknown>> = value;
  if (typeof queue !== 'string' || typeof at !== 'number' || typeof name !== 'string') return undefined;
  return { queue, at, name, data, options: typeof options === 'object' && options !== null ? options : {} };
}
