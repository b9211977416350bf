import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { toError } from '../errors/index.ts';
import { backoffDelay, exponential } from '../resilience/index.ts';
import { sendBatch, somethingWaits, type BatchParts, type EntryKind, type SentBatch } from './send-batch.ts';

export interface SendLoopParts extends Omit<BatchParts, 'sql'> {
  readonly pool: Pool;
  /** How often it looks when nobody has called. */
  readonly pollEveryMs: number;
  readonly sent: (batch: SentBatch, tookMs: number) => void;
  /** Once for each batch that went no further, and undefined for each that did. */
  readonly outage: (kind: EntryKind, error: Error | undefined) => void;
}

const OUTAGE = exponential({ from: '200ms', to: '5s' });

/** Sends what waits of one kind, batch after batch. Jobs and events have a loop each: a bus that is away holds up no job. */
export class SendLoop {
  readonly #parts: SendLoopParts;
  #wake = new AbortController();

  constructor(parts: SendLoopParts) {
    this.#parts = parts;
  }

  /** Something was committed. */
  wake(): void {
    this.#wake.abort();
  }

  /** Until the signal, and then to the end of the batch that is under way. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { kind, outage, pollEveryMs, sent } = this.#parts;
    let failures = 0;
    let last: Error | undefined;
    while (!signal.aborted) {
      // Before the look: who calls during it is not missed.
      this.#wake = new AbortController();
      const startedAt = performance.now();
      let error: Error | undefined;
      let more = false;
      try {
        const batch = await this.#batch();
        ({ outage: error, more } = batch);
        sent(batch, Math.round(performance.now() - startedAt));
        if (batch.idle && last !== undefined && (await this.#somethingWaits())) error = last;
      } catch (cause) {
        error = toError(cause);
      }
      outage(kind, error);
      last = error;
      failures = error === undefined ? 0 : failures + 1;
      if (failures > 0) await pause(backoffDelay(OUTAGE, failures), signal);
      else if (!more) await pause(pollEveryMs, AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  /** Where others had all of it, nobody knows yet whether an outage is over. */
  #somethingWaits(): Promise<boolean> {
    const { pool, tables, kind } = this.#parts;
    return somethingWaits({ sql: pool, tables, kind });
  }

  async #batch(): Promise<SentBatch> {
    const { pool, tables, store, bus, kind } = this.#parts;
    const client = await pool.connect();
    let broken: Error | undefined;
    // While it is lent out the pool does not listen, and an error without a listener ends the process.
    const lost = (error: Error): void => void (broken = error);
    client.on('error', lost);
    try {
      await client.query('begin');
      const batch = await sendBatch({ sql: client, tables, store, bus, kind });
      await client.query('commit');
      return batch;
    } catch (error) {
      broken = toError(error);
      throw error;
    } finally {
      client.off('error', lost);
      // A connection in an unknown state goes, and its transaction with it.
      client.release(broken);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
