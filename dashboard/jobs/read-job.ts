import { createStoredScrubber, itemsIn, type App } from '../../src/contracts/index.ts';
import { readHistory, type HistoryLine } from '../../src/dead-letters/index.ts';
import { storedKeyOf, type ChildStanding, type Engine, type EngineJob, type JobPlace } from '../../src/engine/index.ts';
import { KEY_TAG } from '../../src/facts/index.ts';
import { findRuns, OUTCOMES, type JournalStore, type Mark, type RunRecord } from '../../src/journal/index.ts';
import { REDACTED, shownData } from '../../src/privacy/index.ts';
import {
  batchView,
  isOver,
  keyDigest,
  parseJobId,
  placeOf,
  readJobLog,
  readJobDetails,
  readMeta,
  readStoredJob,
  type BatchView,
  type JobDetails,
} from '../../src/queue/index.ts';

/** One job: what the engine has of it, and what the journal has. */
export interface ReadJob {
  readonly id: string;
  /** Undefined where it is gone from its queue. */
  readonly view: JobDetails | undefined;
  /** Sensitive fields are hidden. */
  readonly data: unknown;
  /** How many it has, where it is a chunk. */
  readonly items: number | undefined;
  readonly history: readonly HistoryLine[];
  /** What its handler wrote with `run.log`, the newest last. */
  readonly log: readonly string[];
  /** Its own, the oldest first. */
  readonly runs: readonly RunRecord[];
  /** Of jobs that follow from it, the latest first. */
  readonly following: readonly RunRecord[];
  /** Of other jobs of the same key, the latest first. */
  readonly ofKey: readonly RunRecord[];
  readonly children: readonly ChildStanding[];
  /** Undefined where it is in none, or nobody knows it any more. */
  readonly batch: BatchView | undefined;
  /** The job or the event whose handler enqueued it; undefined where it was none, or nobody knows. */
  readonly causedBy: string | undefined;
  /** The job for which its key stands now. */
  readonly keyStandsFor: string | undefined;
  /** Steps whose results are kept: a replay of it as it is does not do them again. */
  readonly skips: readonly string[];
  /** What happened while it waited and ran. */
  readonly marks: readonly Mark[];
  readonly journal: 'read' | 'unread';
}

interface StoredParts extends Pick<
  ReadJob,
  'data' | 'items' | 'history' | 'log' | 'children' | 'batch' | 'causedBy' | 'keyStandsFor' | 'skips'
> {
  /** What others of its key are found by. */
  readonly keyDigest?: string;
}

const OF_KEY = 20;
const RUNS = 100;
const MARKS = 200;
const LOGGED = 200;
const DAY = 86_400_000;

/** Undefined where nobody knows it. A page costs some fifteen questions and, of the journal, one search of a few trips; of a job with a key, two. */
export async function readJob(
  app: App,
  engine: Engine,
  journal: () => Promise<JournalStore>,
  id: string,
): Promise<ReadJob | undefined> {
  const place = placeOf(id);
  if (place === undefined) return undefined;
  const [view, past] = await Promise.all([readJobDetails(engine, id), readPast(journal, place)]);
  const isOne = ({ jobId, queue }: RunRecord): boolean => jobId === place.id && queue === place.queue;
  const runs = (past?.runs ?? []).filter(isOne).toReversed();
  const following = (past?.runs ?? []).filter(run => !isOne(run));
  if (view === undefined && runs.length === 0) return undefined;
  const stored = view === undefined ? undefined : await readStored(app, engine, place.queue, place.id);
  const from = view?.enqueuedAt ?? (runs[0]?.endedAt ?? 0) - DAY;
  const to = view !== undefined && isOver(view.state) ? (view.finishedAt ?? from) : (runs.at(-1)?.endedAt ?? Infinity);
  const marks =
    past === undefined
      ? []
      : await readMarks(past.store, from, view !== undefined && !isOver(view.state) ? engine.clock.now() : to);
  const digest = stored?.keyDigest ?? runs.at(-1)?.tags.find(({ name }) => name === KEY_TAG)?.digest;
  const journaled = past === undefined ? 'unread' : 'read';
  return {
    ...(stored ?? NOT_STORED),
    id,
    view,
    runs,
    following,
    ofKey: past === undefined || digest === undefined ? [] : await readOfKey(past.store, place.id, digest),
    marks,
    journal: journaled,
  };
}

const NOT_STORED: StoredParts = {
  data: undefined,
  items: undefined,
  history: [],
  log: [],
  children: [],
  batch: undefined,
  causedBy: undefined,
  keyStandsFor: undefined,
  skips: [],
};

/** The latest of each. */
async function readOfKey(store: JournalStore, id: string, digest: string): Promise<readonly RunRecord[]> {
  const outcomes = OUTCOMES.filter(outcome => outcome !== 'retried');
  const found = await findRuns(store, { tags: [[digest]], outcomes }, { limit: OF_KEY }).catch(() => undefined);
  return (found?.runs ?? []).filter(({ jobId }) => jobId !== id);
}

async function readPast(
  journal: () => Promise<JournalStore>,
  { queue, id }: JobPlace,
): Promise<{ readonly store: JournalStore; readonly runs: readonly RunRecord[] } | undefined> {
  try {
    const store = await journal();
    // An id of ours finds what followed from it too, in whatever queue; another program's is unique in its own alone.
    const where = parseJobId(id) === undefined ? { queue } : {};
    return { store, runs: (await findRuns(store, { about: id, ...where }, { limit: RUNS })).runs };
  } catch {
    return undefined;
  }
}

async function readMarks(store: JournalStore, from: number, to: number): Promise<readonly Mark[]> {
  return store.marks({ from, to }, MARKS).catch(() => []);
}

async function readStored(app: App, engine: Engine, name: string, id: string): Promise<StoredParts | undefined> {
  const queue = await engine.existingQueue(name);
  const job = queue && (await readStoredJob(queue, id));
  if (queue === undefined || job === undefined) return undefined;
  const { batchId, causationId, version, encrypted } = readMeta(job.opts.telemetry?.metadata);
  const key = storedKeyOf(job.opts);
  const [history, log, children, batch, holder, steps] = await Promise.all([
    readHistory(queue, job),
    readJobLog(engine, id, LOGGED),
    (await engine.ends()).children({ queue: name, id }),
    batchId === undefined ? undefined : (await engine.batches()).read(batchId),
    key === undefined ? undefined : queue.getDeduplicationJobId(key.id),
    (await engine.turns(name)).stepNames(id),
  ]);
  const contract = app.jobs.get(job.name);
  // Of what is stored encrypted nobody knows here what would have to be hidden.
  const isReadable = contract !== undefined && encrypted === undefined && contract.encrypt.length === 0;
  const scrub = isReadable ? createStoredScrubber(contract, { version, data: job.data }) : hidden;
  const data = shownDataOf(app, job);
  return {
    data,
    items: contract?.chunk === undefined ? undefined : itemsIn(data).length,
    history,
    log,
    children,
    batch: batch && batchView(batch, batch.called),
    causedBy: causationId,
    keyStandsFor: holder ?? undefined,
    skips: steps.map(scrub),
    ...(key !== undefined && { keyDigest: keyDigest(key.id) }),
  };
}

/** The name of a step may hold what is sensitive, and nobody knows what that is here. */
function hidden(): string {
  return REDACTED;
}

/** Its data as its page has it. */
export function shownDataOf(app: Pick<App, 'jobs'>, job: EngineJob): unknown {
  const contract = app.jobs.get(job.name);
  const known = contract?.queue === job.queueName ? contract : undefined;
  return shownData(known, readMeta(job.opts.telemetry?.metadata).version, job.data);
}
