import { Environment, readRelease, type Variables } from '../../config/index.ts';
import { fingerprintOf } from '../../dead-letters/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { JournalWriter, POSTGRES_BOUNDS, recordMarks, recordRuns, REDIS_BOUNDS } from '../../journal/index.ts';
import { settledBy } from '../../runtime/index.ts';
import { journalSource, type JournalSource } from './journal-source.ts';

export interface KeepJournalOptions {
  readonly engine: Engine;
  readonly facts: Facts;
  readonly variables: Variables;
  /** Unique for the process. */
  readonly worker: string;
  readonly host: string;
}

export interface KeptJournal {
  readonly writer: JournalWriter;
  readonly source: JournalSource;
  readonly release: string | undefined;
  /** Writes what is left, at most for so long, while the engine is still open. */
  flush(timeoutMs: number): Promise<void>;
  /** Takes no more. */
  close(): Promise<void>;
}

const CAUSES_KEPT = 500;

/** Failures come in numbers of one kind, and to look at a message takes 10 us. */
function rememberedCauses(): typeof fingerprintOf {
  const known = new Map<string, string>();
  return cause => {
    const text = `${cause.jobName}\n${cause.error}\n${cause.message}`;
    let found = known.get(text);
    if (found === undefined) {
      found = fingerprintOf(cause);
      if (known.size >= CAUSES_KEPT) known.clear();
      known.set(text, found);
    }
    return found;
  };
}

/**
 * Writes down what this process does, for as long as it lives. A worker works without it: what cannot be written is dropped, and `journal.dropped` says how
 * much. Undefined with JOURNAL=off.
 */
export function keepJournal({ engine, facts, variables, worker, host }: KeepJournalOptions): KeptJournal | undefined {
  const environment = new Environment(variables);
  if (environment.oneOf('JOURNAL', ['on', 'off'], 'on') === 'off') return undefined;
  const source = journalSource(engine, variables);
  const release = readRelease(environment);
  const isDatabase = engine.kind === 'postgres' || environment.has('DATABASE_URL');
  const now = (): number => engine.clock.now();
  const writer = new JournalWriter({
    worker,
    host,
    release,
    store: () => source.open(),
    succeededBytes: (isDatabase ? POSTGRES_BOUNDS : REDIS_BOUNDS).succeeded,
    now,
    onDropped: runs => facts.emit('journal.dropped', { runs }),
  });
  const stops = [recordRuns(facts, { writer, now, causeOf: rememberedCauses() }), recordMarks(facts, writer, now)];
  return {
    writer,
    source,
    release,
    flush: timeoutMs => settledBy(performance.now() + timeoutMs, writer.flush()),
    async close() {
      for (const stop of stops) stop();
      await settledBy(performance.now() + 300, writer.close());
      // A database that does not answer must not make the exit late.
      await settledBy(performance.now() + 300, source.close());
    },
  };
}
