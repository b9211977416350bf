import { setTimeout as sleep } from 'node:timers/promises';
import { decodeAtOnce, InvalidContractError, type App, type Death, type JobRequest } from '../../contracts/index.ts';
import { readHistory } from '../../dead-letters/index.ts';
import type { Engine, TakenJob } from '../../engine/index.ts';
import { answeredLate, toError } from '../../errors/index.ts';
import type { DeadReason, Facts } from '../../facts/index.ts';
import { bareError, type PayloadCipher } from '../../privacy/index.ts';
import {
  clientOn,
  DEATH_NOTES,
  deathNoteIn,
  decryptedData,
  placeOf,
  readMeta,
  shownJobId,
  type Client,
  type DeathNote,
} from '../../queue/index.ts';
import { isOutage, mayPass } from '../../resilience/index.ts';
import { openState, type StateEntry, type StateStore } from '../../state/index.ts';

export interface FollowDeathsOptions {
  readonly app: App;
  readonly engine: Engine;
  readonly facts: Facts;
  /** Who says what went wrong. */
  readonly worker: string;
}

const KEPT_MS = 14 * 86_400_000;
/** Whoever wrote it down has mostly done it by then. */
const LEFT_ALONE_MS = 5_000;
const AGAIN_MS = 500;

/** Queues what a contract's `onDead` makes of a death, once for each death. */
export class FollowDeaths {
  readonly #options: FollowDeathsOptions;
  #client: Client | undefined;

  constructor(options: FollowDeathsOptions) {
    this.#options = options;
  }

  /**
   * Before the end is written. Answers what to do once it is; undefined where nothing follows. Waits for an engine that is away, as the end
   * itself does. Never rejects.
   */
  async intend(death: Death): Promise<(() => Promise<void>) | undefined> {
    const { app, engine } = this.#options;
    try {
      const request = app.jobs.get(death.jobName)?.onDead?.(death);
      if (request === undefined) return undefined;
      if (answeredLate(request)) {
        throw new InvalidContractError(
          `job "${death.jobName}": expected onDead to answer a job at once, got a promise: the function may not be async. Nothing follows from this death.`,
        );
      }
      const { queue } = death;
      const jobId = placeOf(death.jobId)?.id ?? death.jobId;
      const at = death.at.getTime();
      const { contract, data, options } = request;
      const kept = engine.cipher.encrypt(contract, data);
      const intent: DeathNote = { jobId, queue, at, name: contract.name, data: kept, options };
      const name = `${at} ${nameOf(intent)}`;
      const { store, version } = await whenThere(async () => {
        const state = await openState(engine);
        return { store: state, version: await state.set(DEATH_NOTES, name, intent, KEPT_MS) };
      });
      return () => this.#follow(store, { name, version }, intent, request);
    } catch (error) {
      this.#failed(death.queue, error);
      return undefined;
    }
  }

  /**
   * Before the job ends otherwise: what an earlier process of its has written down, and was gone before it had ended it so, is not to follow.
   * Never rejects.
   */
  async forget(jobId: string, queue: string): Promise<void> {
    try {
      const store = await openState(this.#options.engine);
      for (const { name, value, version } of await store.list(DEATH_NOTES)) {
        const intent = deathNoteIn(value);
        if (intent?.jobId !== jobId || intent.queue !== queue) continue;
        if (!(await this.#deathsOf(intent)).includes(intent.at)) await store.delete(DEATH_NOTES, name, version);
      }
    } catch {
      // The look for all others finds it, as long as the job is kept.
    }
  }

  /** Does what was written down and not done: its process died in between, or the engine went away. */
  async catchUp(): Promise<void> {
    const { engine } = this.#options;
    const store = await openState(engine);
    for (const entry of await store.list(DEATH_NOTES)) {
      const intent = deathNoteIn(entry.value);
      if (intent === undefined || engine.clock.now() - intent.at < LEFT_ALONE_MS) continue;
      // One that cannot be looked at keeps no other waiting.
      await this.#catchUp(store, entry, intent).catch(() => undefined);
    }
  }

  async #catchUp(store: StateStore, entry: StateEntry, intent: DeathNote): Promise<void> {
    const { engine } = this.#options;
    const happened = await this.#didHappen(intent);
    const contract = this.#options.app.jobs.get(intent.name);
    if (happened === 'no') await store.delete(DEATH_NOTES, entry.name, entry.version);
    // A release that does not know what follows leaves it to one that does.
    else if (happened === 'yes' && contract !== undefined) {
      const { options } = intent;
      const read = engine.cipher.decrypt(contract, intent.data);
      // Left to a process that has the key.
      if (read.kind === 'missing-key') return;
      const data = read.kind === 'data' ? read.data : intent.data;
      await this.#follow(store, entry, intent, { kind: 'job-request', contract, data, options });
    }
  }

  /**
   * Whether the end was written too. The job's own history says it, also where it has been replayed since; one that is gone had ended: it
   * was removed by its retention, or a person discarded it.
   */
  async #didHappen({ queue: name, jobId, at }: DeathNote): Promise<'yes' | 'no' | 'not-yet-known'> {
    const queue = await this.#options.engine.queue(name);
    const state = await queue.getJobState(jobId);
    if (state === 'unknown') return 'yes';
    const deaths = await this.#deathsOf({ queue: name, jobId });
    if (deaths.includes(at)) return 'yes';
    // Its log may be kept too short to tell.
    if (state === 'failed') return deaths.length === 0 ? 'yes' : 'no';
    // Whoever wrote it down may be about to write the end.
    return state === 'active' ? 'not-yet-known' : 'no';
  }

  async #deathsOf({ queue, jobId }: Pick<DeathNote, 'queue' | 'jobId'>): Promise<readonly number[]> {
    const lines = await readHistory(await this.#options.engine.queue(queue), { id: jobId });
    return lines.flatMap(line => (line.what === 'failed' && line.dead !== undefined ? [line.at] : []));
  }

  /** Repeating it queues nothing again: the job's id is made of the death. */
  async #follow(
    store: StateStore,
    { name, version }: Pick<StateEntry, 'name' | 'version'>,
    intent: DeathNote,
    request: JobRequest,
  ): Promise<void> {
    const { engine, facts } = this.#options;
    try {
      this.#client ??= clientOn(engine, facts);
      const { at } = intent;
      await this.#client.enqueueFrom({ id: `dead ${nameOf(intent)} ${at}`, at: new Date(at) }, [request]);
      await store.delete(DEATH_NOTES, name, version);
    } catch (error) {
      // What is away now is there at the next look.
      if (isOutage(error)) return;
      this.#failed(request.contract.queue, error);
      await store.delete(DEATH_NOTES, name, version).catch(() => undefined);
    }
  }

  #failed(queue: string, error: unknown): void {
    const { facts, worker } = this.#options;
    facts.emit('worker.error', { worker, queue, error: bareError(toError(error)) });
  }
}

/** Ids of other programs are unique in their queue alone. */
function nameOf({ queue, jobId }: DeathNote): string {
  return shownJobId({ queue, id: jobId });
}

async function whenThere<Value>(call: () => Promise<Value>): Promise<Value> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    await sleep(AGAIN_MS, undefined, { ref: false });
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
  cipher: PayloadCipher,
  job: Pick<TakenJob, 'id' | 'name' | 'opts' | 'data'>,
  { queue, now, reason, message, attempts }: DeathParts,
): Death | undefined {
  const contract = app.jobs.get(job.name);
  if (contract?.onDead === undefined || reason === 'expired') return undefined;
  const meta = readMeta(job.opts.telemetry?.metadata);
  const read = decryptedData(cipher, contract, meta, job.data);
  const data = read.kind === 'data' ? decodeAtOnce(contract, meta.version, read.data)?.data : undefined;
  return {
    jobId: shownJobId({ queue, id: job.id }),
    jobName: job.name,
    queue,
    at: new Date(now),
    attempts,
    reason,
    message,
    data,
  };
}
