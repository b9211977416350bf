import type { App, JobRequest } from '../../contracts/index.ts';
import type { BatchStore, Engine, MemberEnd, StoredBatch } from '../../engine/index.ts';
import { toError } from '../../errors/index.ts';
import type { Facts } from '../../facts/index.ts';
import { bareError } from '../../privacy/index.ts';
import { callBack, clientOn, type CausedBy, type Client, type JobReceipt } from '../../queue/index.ts';
import { stemsFromOutage } from '../../resilience/index.ts';
import { GatheredEnds, type Ended } from './gathered-ends.ts';

export interface FollowBatchesOptions {
  readonly app: Pick<App, 'jobs'>;
  readonly engine: Engine;
  readonly facts: Facts;
  /** Who says what went wrong. */
  readonly worker: string;
}

/**
 * Brings the ends of members to their batches, and queues what follows. The record that a turn has made of an end is forgotten last: whoever dies
 * before that leaves it to the look of a supervisor.
 */
export class FollowBatches {
  readonly #options: FollowBatchesOptions;
  #client: Client | undefined;
  readonly #gathered = new GatheredEnds();
  #following: Promise<void> | undefined;
  /** Until then nothing is brought, unless somebody ends the pause. */
  #pause: { readonly until: number; readonly end: () => void } | undefined;
  #isLast = false;

  constructor(options: FollowBatchesOptions) {
    this.#options = options;
  }

  /** A member's end was written. It is brought together with others, soon. */
  ended(queue: string, end: MemberEnd): void {
    const dueAt = this.#gathered.add({ queue, end }, performance.now());
    this.#following ??= this.#follow();
    if (this.#pause !== undefined && dueAt < this.#pause.until) this.#pause.end();
  }

  /** The worker has nothing else to run: whatever it was the last to end should be followed at once. */
  idle(): void {
    if (this.#gathered.hurry(performance.now())) this.#pause?.end();
  }

  /** Resolves when everything that has ended so far was brought, or could not be. */
  async settled(): Promise<void> {
    this.#isLast = true;
    this.#pause?.end();
    await this.#following;
    this.#isLast = false;
  }

  /** Adds members for a run: a repeat of what it follows from adds none again. */
  add(batchId: string, from: CausedBy, jobs: readonly JobRequest[]): Promise<readonly JobReceipt[]> {
    return this.client.addToBatch(batchId, from, jobs);
  }

  get client(): Client {
    this.#client ??= clientOn(this.#options.engine, this.#options.facts);
    return this.#client;
  }

  async #follow(): Promise<void> {
    await new Promise<void>(resolve => process.nextTick(resolve));
    for (;;) {
      // A test's memory has no trips to spare, and time of its own.
      const isAll = this.#isLast || this.#options.engine.kind === 'memory';
      const due = isAll ? this.#gathered.takeAll() : this.#gathered.take(performance.now());
      // What is away now is there at the next look.
      if (due.length > 0) await this.bring(due, true).catch((error: unknown) => this.failed('', error));
      const { nextAt } = this.#gathered;
      if (nextAt === undefined) break;
      if (!isAll && !this.#isLast) await this.#pauseUntil(nextAt);
    }
    this.#following = undefined;
  }

  async #pauseUntil(until: number): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, Math.max(0, until - performance.now()));
      this.#pause = {
        until,
        end: () => {
          clearTimeout(timer);
          resolve();
        },
      };
    });
    this.#pause = undefined;
  }

  /** `byTurns`: turns have written them. Rejects while the engine is away. */
  async bring(ended: readonly Ended[], byTurns = false): Promise<void> {
    const { engine } = this.#options;
    const store = await engine.batches();
    const told = byTurns && store.turnsBring ? oneOfEach(ended) : ended;
    for (const [queue, its] of Map.groupBy(told, each => each.queue)) {
      const ends = its.map(({ end }) => end);
      const done = new Set<string>();
      for (const batch of await store.bring(ends, Math.floor(engine.clock.now()), queue)) {
        if (await this.callBack(store, batch)) done.add(batch.id);
      }
      if (done.size > 0) {
        await store.brought(
          queue,
          ends.filter(({ batchId }) => done.has(batchId)),
        );
      }
    }
  }

  /** Answers whether all was done that is to be; a release that does not know a job leaves it to one that does. Rejects while the engine is away. */
  callBack(store: BatchStore, batch: StoredBatch): Promise<boolean> {
    const { app, engine } = this.#options;
    return callBack(
      {
        cipher: engine.cipher,
        store,
        enqueueFrom: (from, requests) => this.client.enqueueFrom(from, requests),
        contractOf: name => app.jobs.get(name),
        failed: (queue, error) => this.failed(queue, error),
        isOutage: stemsFromOutage,
        facts: this.#options.facts,
      },
      batch,
    );
  }

  /** The engine emits its outage, once. */
  failed(queue: string, error: unknown): void {
    if (stemsFromOutage(error)) return;
    const { facts, worker } = this.#options;
    facts.emit('worker.error', { worker, queue, error: bareError(toError(error)) });
  }
}

/** Of each batch, a dead one where there is one: whoever looks for something to call back is told by it. */
function oneOfEach(ended: readonly Ended[]): readonly Ended[] {
  const told = new Map<string, Ended>();
  for (const each of ended) {
    if (told.get(each.end.batchId)?.end.state !== 'dead') told.set(each.end.batchId, each);
  }
  return [...told.values()];
}
