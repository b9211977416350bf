import type { Pool } from 'pg';
import { toError } from '../../errors/index.ts';
import { backoffDelay, callWithin, exponential, Progress } from '../../resilience/index.ts';
import { askWithin, inTransaction } from '../../sessions/index.ts';
import { sendBatch, somethingWaits, type BatchParts, type EntryKind, type SentBatch } from './send-batch.ts';
import type { Sql } from '../tables.ts';
import { sleepOrStop } from '../../time/index.ts';

export interface SendLoopParts extends Omit<BatchParts, 'sql' | 'until' | 'rowsOfASlot'> {
  readonly pool: Pool;
  /** How often it looks when nobody has called. */
  readonly pollEveryMs: number;
  readonly sent: (batch: SentBatch, tookMs: number) => void;
  /** Called once when batches go no further, or do not end, and with undefined when they do again. */
  readonly outage: (kind: EntryKind, error: Error | undefined) => void;
}

/** Statements of the outbox take milliseconds; without an answer for so long the connection is gone, whatever it says. */
const ANSWER_MS = 10_000;
/** A batch that has not ended by then is no progress. */
const STILL_MS = 10_000;
/** A batch sends no more after that, so that its transaction ends well within its bounds. */
const SEND_MS = 5_000;
/** Where a relay's host vanishes in the middle of a batch, its slots are free after that for another relay. */
const BOUNDS = { limitMs: 30_000, idleMs: 15_000 } as const;

/** Of those that commit together one calls (`wordSql`): the others come a moment later. So it looks again so soon, then ever later, up to its usual time. */
const NEXT_LOOK_MS = 50;

const ROWS_OF_A_SLOT = 64;
/**
 * What was sent and could not be recorded is sent again. A session that is cut off again and again, more often than a thousand entries take, would
 * otherwise have all of them sent again each time, and never record one.
 */
const SHRINKS_BY = 8;
const GROWS_BY = 2;

const OUTAGE = exponential({ from: '200ms', to: '5s' });

/** Sends what waits of one kind, batch after batch. Jobs and events have a loop each: a bus that is away holds up no job. */
export class SendLoop {
  readonly #parts: SendLoopParts;
  #wake = new AbortController();
  #rowsOfASlot = ROWS_OF_A_SLOT;

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
    const progress = new Progress({
      what: 'a batch of the outbox',
      limitMs: STILL_MS,
      stalled: error => outage(kind, error),
      resumed: () => outage(kind, undefined),
    });
    let failures = 0;
    let lookInMs = pollEveryMs;
    let last: Error | undefined;
    while (!signal.aborted) {
      lookInMs = Math.min(this.#wake.signal.aborted ? NEXT_LOOK_MS : lookInMs * 2, pollEveryMs);
      // Before the look: who calls during it is not missed.
      this.#wake = new AbortController();
      const startedAt = performance.now();
      progress.begun();
      let error: Error | undefined;
      let more = false;
      try {
        const batch = await this.#batch();
        this.#rowsOfASlot = Math.min(ROWS_OF_A_SLOT, this.#rowsOfASlot * GROWS_BY);
        ({ outage: error, more } = batch);
        sent(batch, Math.round(performance.now() - startedAt));
        if (batch.idle && last !== undefined && (await this.#somethingWaits())) error = last;
      } catch (cause) {
        this.#rowsOfASlot = Math.max(1, Math.floor(this.#rowsOfASlot / SHRINKS_BY));
        error = toError(cause);
      }
      if (error === undefined) progress.ended();
      else progress.failed(error);
      last = error;
      failures = error === undefined ? 0 : failures + 1;
      if (failures > 0) await sleepOrStop(backoffDelay(OUTAGE, failures), signal);
      else if (!more) await sleepOrStop(lookInMs, AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  /** Where others had all of it, nobody knows yet whether an outage is over. */
  #somethingWaits(): Promise<boolean> {
    const { pool, tables, kind } = this.#parts;
    return somethingWaits({ sql: { query: (text, values) => askWithin(pool, ANSWER_MS, text, values) }, tables, kind });
  }

  #batch(): Promise<SentBatch> {
    const { pool, tables, store, bus, kind } = this.#parts;
    return inTransaction(pool, BOUNDS, client => {
      const query: Sql['query'] = (text, values) =>
        callWithin({ what: 'a statement of the outbox', limitMs: ANSWER_MS }, () => client.query(text, values));
      const [rowsOfASlot, until] = [this.#rowsOfASlot, performance.now() + SEND_MS];
      return sendBatch({ sql: { query }, tables, store, bus, kind, rowsOfASlot, until });
    });
  }
}
