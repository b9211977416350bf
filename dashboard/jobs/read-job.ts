import type { App } from '../../src/contracts/index.ts';
import { readHistory, type HistoryLine } from '../../src/dead-letters/index.ts';
import type { Engine, EngineJob } from '../../src/engine/index.ts';
import { findRuns, type JournalStore, type Mark, type RunRecord } from '../../src/journal/index.ts';
import { shownData } from '../../src/privacy/index.ts';
import {
  isOver,
  parseJobId,
  readJobLog,
  readJobView,
  readMeta,
  readStoredJob,
  type JobView,
} from '../../src/queue/index.ts';

/** One job: what the engine has of it, and what the journal has. */
export interface ReadJob {
  readonly id: string;
  /** Undefined where it is gone from its queue. */
  readonly view: JobView | undefined;
  /** Sensitive fields are hidden. */
  readonly data: unknown;
  readonly history: readonly HistoryLine[];
  /** What its handler wrote with `run.log`, the newest last. */
  readonly log: readonly string[];
  /** Its own, the oldest first. */
  readonly runs: readonly RunRecord[];
  /** Of jobs that follow from it, the latest first. */
  readonly following: readonly RunRecord[];
  /** What happened while it waited and ran. */
  readonly marks: readonly Mark[];
  readonly journal: 'read' | 'unread';
}

const RUNS = 100;
const MARKS = 200;
const LOGGED = 200;
const DAY = 86_400_000;

/** Undefined where nobody knows it. A page costs some ten questions and, of the journal, one search of a few trips. */
export async function readJob(
  app: App,
  engine: Engine,
  journal: () => Promise<JournalStore>,
  id: string,
): Promise<ReadJob | undefined> {
  const parts = parseJobId(id);
  if (parts === undefined) return undefined;
  const [view, past] = await Promise.all([readJobView(engine, id), readPast(journal, id)]);
  const runs = (past?.runs ?? []).filter(({ jobId }) => jobId === id).toReversed();
  const following = (past?.runs ?? []).filter(({ jobId }) => jobId !== id);
  if (view === undefined && runs.length === 0) return undefined;
  const stored = view === undefined ? undefined : await readStored(app, engine, parts.queue, id);
  const from = view?.enqueuedAt ?? (runs[0]?.endedAt ?? 0) - DAY;
  const to = view !== undefined && isOver(view.state) ? (view.finishedAt ?? from) : (runs.at(-1)?.endedAt ?? Infinity);
  const marks =
    past === undefined
      ? []
      : await readMarks(past.store, from, view !== undefined && !isOver(view.state) ? engine.clock.now() : to);
  const { data, history, log } = stored ?? { data: undefined, history: [], log: [] };
  return { id, view, data, history, log, runs, following, marks, journal: past === undefined ? 'unread' : 'read' };
}

async function readPast(
  journal: () => Promise<JournalStore>,
  id: string,
): Promise<{ readonly store: JournalStore; readonly runs: readonly RunRecord[] } | undefined> {
  try {
    const store = await journal();
    return { store, runs: (await findRuns(store, { about: id }, { limit: RUNS })).runs };
  } catch {
    return undefined;
  }
}

async function readMarks(store: JournalStore, from: number, to: number): Promise<readonly Mark[]> {
  return store.marks({ from, to }, MARKS).catch(() => []);
}

async function readStored(
  app: App,
  engine: Engine,
  name: string,
  id: string,
): Promise<Pick<ReadJob, 'data' | 'history' | 'log'> | undefined> {
  const queue = await engine.queue(name);
  const job = await readStoredJob(queue, id);
  if (job === undefined) return undefined;
  return {
    data: shownDataOf(app, job),
    history: await readHistory(queue, job),
    log: await readJobLog(engine, id, LOGGED),
  };
}

/** Its data as its page has it. */
export function shownDataOf(app: Pick<App, 'jobs'>, job: EngineJob): unknown {
  const contract = app.jobs.get(job.name);
  const known = contract?.queue === job.queueName ? contract : undefined;
  return shownData(known, readMeta(job.opts.telemetry?.metadata).version, job.data);
}
