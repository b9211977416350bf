import { setTimeout as sleep } from 'node:timers/promises';
import { toError } from '../../errors/index.ts';
import type { ProjectionFields } from '../../facts/index.ts';
import { backoffDelay, exponential } from '../../resilience/index.ts';
import type { StoreParts } from '../store-parts.ts';
import { blamesDatabase, isCancelled } from '../park/poison.ts';
import { LeaseLost, parkEvent, projectBatch, type Batch, type BatchTarget } from './project-batch.ts';
import type { StoredEvent } from '../read/stored-event.ts';
import { scrubbedError } from '../park/scrubbed-error.ts';
import { isKnown, emitUnhandled } from '../park/unknown-events.ts';

const AGAIN = exponential({ from: '50ms', to: '2s' });

/** An event that the projection may not get past. */
export class PoisonEvent extends Error {
  readonly event: StoredEvent;
  readonly reason: Error;

  constructor(event: StoredEvent, reason: Error) {
    super(reason.message, { cause: reason });
    this.event = event;
    this.reason = reason;
  }
}

/** It was stopped while it waited to try an event again. */
export class Interrupted extends Error {}

/** Writes batches under one lease, and applies the projection's policies to what fails. */
export class BatchRunner {
  readonly #store: StoreParts;
  readonly #target: BatchTarget;
  readonly #signal: AbortSignal | undefined;
  #checkpoint: number;

  constructor(store: StoreParts, target: BatchTarget, checkpoint: number, signal: AbortSignal | undefined) {
    this.#store = store;
    this.#target = target;
    this.#checkpoint = checkpoint;
    this.#signal = signal;
  }

  get checkpoint(): number {
    return this.#checkpoint;
  }

  /** @throws PoisonEvent, LeaseLost, Interrupted; what the database throws while it is away */
  async run({ events, from, to }: Batch): Promise<void> {
    const { projection } = this.#target;
    const unknown = events.filter(event => !isKnown(event));
    const [first] = unknown;
    if (first !== undefined && projection.onUnknown === 'stop') {
      const before = events.filter(({ position }) => position < first.position);
      await this.#project({ events: before, from, to: first.position - 1 });
      throw new PoisonEvent(first, new Error(first.problem?.detail));
    }
    emitUnhandled(this.#store, this.#target, unknown);
    await this.#project({ events: unknown.length === 0 ? events : events.filter(isKnown), from, to });
  }

  /** Writes it whole; when that fails, in halves, until the one event is found that it fails on. */
  async #project(batch: Batch): Promise<void> {
    try {
      await this.#write(batch);
    } catch (cause) {
      const error = toError(cause);
      const smaller = batch.events.length > 1 && isCancelled(error);
      if (error instanceof LeaseLost || (blamesDatabase(error) && !smaller)) throw error;
      const [only, ...others] = batch.events;
      if (only === undefined) throw error;
      if (others.length === 0) return this.#tryAgain(batch, only, error);
      const half = Math.floor(batch.events.length / 2);
      const middle = batch.events[half - 1]?.position ?? batch.from;
      await this.#project({ events: batch.events.slice(0, half), from: batch.from, to: middle });
      await this.#project({ events: batch.events.slice(half), from: middle, to: batch.to });
    }
  }

  async #tryAgain(batch: Batch, event: StoredEvent, first: Error): Promise<void> {
    const { projection } = this.#target;
    let error = scrubbedError(this.#store, event, first);
    for (let attempt = 1; attempt < projection.attempts; attempt += 1) {
      const retryInMs = backoffDelay(AGAIN, attempt);
      this.#store.facts.emit('projection.retried', { ...this.#fields, position: event.position, retryInMs, error });
      await sleep(retryInMs, undefined, this.#signal && { signal: this.#signal }).catch(() => undefined);
      if (this.#signal?.aborted === true) throw new Interrupted();
      try {
        return await this.#write(batch);
      } catch (cause) {
        const again = toError(cause);
        if (again instanceof LeaseLost || blamesDatabase(again)) throw again;
        error = scrubbedError(this.#store, event, again);
      }
    }
    if (projection.onPoison === 'stop') throw new PoisonEvent(event, error);
    await parkEvent(this.#target, event, batch.from, error);
    this.#checkpoint = event.position;
    const { position, stream, type: eventType } = event;
    this.#store.facts.emit('projection.parked', { ...this.#fields, position, stream, eventType, error });
    if (batch.to > position) await this.#write({ events: [], from: position, to: batch.to });
  }

  async #write(batch: Batch): Promise<void> {
    await projectBatch(this.#target, batch);
    this.#checkpoint = batch.to;
  }

  get #fields(): ProjectionFields {
    return { projection: this.#target.projection.name, generation: this.#target.generation };
  }
}
