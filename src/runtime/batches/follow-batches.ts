import { setTimeout as sleep } from 'node:timers/promises';
import type { App, JobRequest } from '../../contracts/index.ts';
import type { BatchStore, Engine, MemberEnd, StoredBatch } from '../../engine/index.ts';
import { toError } from '../../errors/index.ts';
import type { Facts } from '../../facts/index.ts';
import { bareError } from '../../privacy/index.ts';
import { callBack, clientOn, type CausedBy, type Client, type JobReceipt } from '../../queue/index.ts';
import { stemsFromOutage } from '../../resilience/index.ts';

export interface FollowBatchesOptions {
  readonly app: Pick<App, 'jobs'>;
  readonly engine: Engine;
  readonly facts: Facts;
  /** Who says what went wrong. */
  readonly worker: string;
}

/** Two trips for each turn of a busy worker would cost its jobs a quarter more: what ends within this travels together. The first one waits for nobody. */
const GATHER_MS = 25;

interface Ended {
  readonly queue: string;
  readonly end: MemberEnd;
}

/**
 * Brings the ends of members to their batches, and queues what follows. The record that a turn has made of an end is forgotten last: whoever dies
 * before that leaves it to the look of a supervisor.
 */
export class FollowBatches {
  readonly #options: FollowBatchesOptions;
  #client: Client | undefined;
  #waiting: Ended[] = [];
  #following: Promise<void> | undefined;

  constructor(options: FollowBatchesOptions) {
    this.#options = options;
  }

  /** A member's end was written. What ends in one turn of the event loop goes together, and what ends while that is under way. */
  ended(queue: string, end: MemberEnd): void {
    this.#waiting.push({ queue, end });
    this.#following ??= this.#follow();
  }

  /** Resolves when everything that has ended so far was brought, or could not be. */
  async settled(): Promise<void> {
    await this.#following;
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
    while (this.#waiting.length > 0) {
      // What is away now is there at the next look.
      await this.bring(this.#waiting.splice(0), true).catch((error: unknown) => this.failed('', error));
      // A test's memory has no trips to spare, and time of its own.
      if (this.#options.engine.kind !== 'memory') await sleep(GATHER_MS);
    }
    this.#following = undefined;
  }

  /** `byTurns`: turns have written them. Rejects while the engine is away. */
  async bring(ended: readonly Ended[], byTurns = false): Promise<void> {
    const { engine } = this.#options;
    const store = await engine.batches();
    const told = byTurns && store.turnsBring ? oneOfEach(ended) : ended;
    const batches = await store.bring(
      told.map(({ end }) => end),
      Math.floor(engine.clock.now()),
    );
    const left = new Set<string>();
    for (const batch of batches) if (!(await this.callBack(store, batch))) left.add(batch.id);
    for (const [queue, its] of Map.groupBy(told, each => each.queue)) {
      await store.brought(
        queue,
        its.flatMap(({ end }) => (left.has(end.batchId) ? [] : [end])),
      );
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

/** Of each batch. */
function oneOfEach(ended: readonly Ended[]): readonly Ended[] {
  return [...new Map(ended.map(each => [each.end.batchId, each])).values()];
}
