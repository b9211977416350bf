import type { RunRecord } from '../record/run-record.ts';
import type { JournalStore } from '../stores/journal-store.ts';
import { findRuns, type RunQuery } from './find-runs.ts';
import { sleepOrStop } from '../../time/index.ts';

export interface NewRunsOptions {
  /** Milliseconds since 1970, as `now`. */
  readonly since: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const EVERY_MS = 1_000;
/** Hosts write runs some seconds after they have ended, so each look goes back so far behind what was seen. */
const LATE_MS = 30_000;
/** A look goes back no further than this, also where nothing was seen. It does not show what is written later, after an outage. */
const QUIET_MS = 600_000;
const A_LOOK = 500;

/** Yields each run that ended at or after `since` once, when the journal has it. Runs of one look come in the order of their ends. */
export async function* newRuns(
  store: JournalStore,
  query: RunQuery,
  { since, now, signal }: NewRunsOptions,
): AsyncGenerator<RunRecord> {
  const seen = new Map<string, number>();
  let newest = since;
  while (!signal.aborted) {
    const began = now();
    const from = Math.max(since, newest - LATE_MS);
    const found: RunRecord[] = [];
    let cursor: string | undefined;
    do {
      const page = await findRuns(store, { ...query, since: from }, { limit: A_LOOK, cursor });
      found.push(...page.runs);
      cursor = page.next;
    } while (cursor !== undefined);
    for (const run of found.toSorted((a, b) => a.endedAt - b.endedAt)) {
      const key = `${run.queue} ${run.jobId} ${run.attempt} ${run.endedAt} ${run.outcome}`;
      if (seen.has(key)) continue;
      seen.set(key, run.endedAt);
      newest = Math.max(newest, run.endedAt);
      yield run;
    }
    newest = Math.max(newest, began - QUIET_MS);
    for (const [key, endedAt] of seen) if (endedAt < newest - 2 * LATE_MS) seen.delete(key);
    await sleepOrStop(EVERY_MS, signal);
  }
}
