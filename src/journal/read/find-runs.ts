import { setImmediate as nextTurn } from 'node:timers/promises';
import { readFrames, type PlacedRun } from '../record/frame.ts';
import { classOf, RUN_CLASSES, type RunClass, type RunOutcome, type RunRecord } from '../record/run-record.ts';
import { termOf, termText } from '../record/terms.ts';
import { CHUNK_MS, type Chunk, type JournalStore, type Span } from '../stores/journal-store.ts';

/** Which runs are looked for: those to which all of it applies. */
export interface RunQuery {
  readonly jobId?: string | undefined;
  /** A job's id: its own runs, and those of what follows from it. */
  readonly about?: string | undefined;
  /** Each of these is one tag: its digest under the present secret, and under the previous one. */
  readonly tags?: readonly (readonly string[])[] | undefined;
  readonly correlationId?: string | undefined;
  readonly traceId?: string | undefined;
  readonly contract?: string | undefined;
  readonly queue?: string | undefined;
  readonly outcomes?: readonly RunOutcome[] | undefined;
  readonly cause?: string | undefined;
  readonly worker?: string | undefined;
  readonly release?: string | undefined;
  /** Ended at or after, milliseconds since 1970. */
  readonly since?: number | undefined;
  /** Ended before. */
  readonly until?: number | undefined;
}

export interface FoundRuns {
  /** Those that were written last come first. */
  readonly runs: readonly RunRecord[];
  /** Leads to those behind; undefined where there are none. */
  readonly next: string | undefined;
  /** Set where the search has stopped before its end for want of time: nothing that ended later was passed over. */
  readonly lookedBackTo: number | undefined;
}

/** A place in the journal: what was written before it comes behind it. */
interface Place {
  readonly chunk: number;
  readonly of: RunClass;
  readonly line: number;
}

/** Chunks of each class that the first trip reads: most pages are full behind it. */
const FIRST_CHUNKS = 16;
/** Each further trip reads twice as many, up to so many: 8 MB of each class. */
const CHUNKS_A_TRIP = 64;
/** After so many of each class the search stops, and says where. */
const CHUNKS_IN_ALL = 384;
/** Runs are written within so long after they have ended, unless the store was away. */
const LATE_MS = 10 * 60_000;

/**
 * Looks for runs, the newest first, and reads a bounded part of the journal: per trip two lists of chunks and two reads of 16 to 64 chunks each, at most 8 trips.
 * Paging goes by the place in what was written: what comes meanwhile moves nothing.
 */
export async function findRuns(
  store: JournalStore,
  query: RunQuery,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<FoundRuns> {
  const classes = classesOf(query);
  const before = placeIn(cursor);
  const runs: RunRecord[] = [];
  const seen = new Set<string>();
  let to = before?.chunk ?? (query.until === undefined ? Number.MAX_SAFE_INTEGER / 2_000 : query.until + LATE_MS);
  const from = Math.max(0, (query.since ?? 0) - CHUNK_MS);
  // By what few chunks hold, the index is asked once: on Redis each question reads the marks of a whole bucket.
  const known = isRare(query) ? await allCandidates(store, classes, query, { from, to }) : undefined;
  for (
    let size = FIRST_CHUNKS, left = CHUNKS_IN_ALL;
    left > 0;
    left -= size, size = Math.min(2 * size, CHUNKS_A_TRIP, left)
  ) {
    const chunks = await nextChunks(store, classes, query, { from, to, size }, known);
    for (const { of, chunk } of chunks.read) {
      // What a trip reads takes long to look through: whoever else this process answers comes between.
      await nextTurn();
      for (const { line, run } of matching(chunk, query)) {
        if (before !== undefined && !isBehind({ chunk: chunk.id, of, line }, before)) continue;
        if (!isAsked(run, query)) continue;
        // Written twice, where an answer was lost.
        const key = `${run.jobId} ${run.attempt} ${run.endedAt} ${run.outcome}`;
        if (seen.has(key)) continue;
        seen.add(key);
        runs.push(run);
        if (runs.length === limit)
          return { runs, next: cursorOf({ chunk: chunk.id, of, line }), lookedBackTo: undefined };
      }
    }
    if (chunks.next === undefined) return { runs, next: undefined, lookedBackTo: undefined };
    to = chunks.next;
  }
  return { runs, next: cursorOf({ chunk: to, of: 'failed', line: Number.MAX_SAFE_INTEGER }), lookedBackTo: to };
}

interface ClassChunk {
  readonly of: RunClass;
  readonly chunk: Chunk;
}

/** The newest of both classes, merged; `next` is the newest chunk that was not read. */
async function nextChunks(
  store: JournalStore,
  classes: readonly RunClass[],
  query: RunQuery,
  { size, ...span }: Span & { readonly size: number },
  known: Candidates | undefined,
): Promise<{ readonly read: readonly ClassChunk[]; readonly next: number | undefined }> {
  const most = size + 1;
  const lists = await Promise.all(
    classes.map(async of => {
      const all = known?.get(of)?.filter(id => id <= span.to);
      return { of, ids: all?.slice(0, most) ?? (await candidates(store, of, query, span, most)) };
    }),
  );
  // What is beyond the end of a list that was cut is not known yet: nothing older may be read before it.
  const cuts = lists.filter(({ ids }) => ids.length > size).map(({ ids }) => ids[size] ?? 0);
  const next = cuts.length === 0 ? undefined : Math.max(...cuts);
  const read = await Promise.all(
    lists.map(async ({ of, ids }) => {
      const wanted = ids.slice(0, size).filter(id => next === undefined || id > next);
      return (await store.read(of, wanted)).map(chunk => ({ of, chunk }));
    }),
  );
  const sorted = read.flat().toSorted((a, b) => b.chunk.id - a.chunk.id || order(a.of) - order(b.of));
  return { read: sorted, next };
}

/** Chunks of each class, the newest first: as many as all trips together may read, and one more. */
type Candidates = ReadonlyMap<RunClass, readonly number[]>;

/** A contract may be in every chunk; what else there is to look for is in few. */
function isRare({ jobId, about, correlationId, traceId, cause, tags = [] }: RunQuery): boolean {
  return [jobId, about, correlationId, traceId, cause].some(each => each !== undefined) || tags.length > 0;
}

async function allCandidates(
  store: JournalStore,
  classes: readonly RunClass[],
  query: RunQuery,
  span: Span,
): Promise<Candidates> {
  const most = CHUNKS_IN_ALL + 1;
  const found = classes.map(async of => [of, await candidates(store, of, query, span, most)] as const);
  return new Map(await Promise.all(found));
}

async function candidates(
  store: JournalStore,
  of: RunClass,
  query: RunQuery,
  span: Span,
  most: number,
): Promise<readonly number[]> {
  const { jobId, about, correlationId, traceId, cause, contract, tags = [] } = query;
  const fixed = [
    ...(about === undefined ? [] : [termText.id(about)]),
    ...(jobId === undefined ? [] : [termText.id(jobId)]),
    ...(correlationId === undefined ? [] : [termText.id(correlationId)]),
    ...(traceId === undefined ? [] : [termText.trace(traceId)]),
    ...(cause === undefined ? [] : [termText.cause(cause)]),
  ];
  const texts =
    fixed.length === 0 && tags.length === 0 && contract !== undefined ? [termText.contract(contract)] : fixed;
  if (texts.length === 0 && tags.length === 0) return store.list(of, span, most);
  // A tag has one digest under each secret.
  const forms = Math.max(1, ...tags.map(digests => digests.length));
  const found = await Promise.all(
    Array.from({ length: forms }, (_, form) => {
      const own = tags.flatMap(digests => digests[Math.min(form, digests.length - 1)] ?? []).map(termText.tag);
      return store.holding(of, [...texts, ...own].map(termOf), span, most);
    }),
  );
  const [first = []] = found;
  if (found.length === 1) return first;
  return [...new Set(found.flat())].toSorted((a, b) => b - a).slice(0, most);
}

/** The newest first. What a line must hold is looked for in its text, before it is read. */
function matching({ text }: Chunk, query: RunQuery): readonly PlacedRun[] {
  const { jobId, about, correlationId, traceId, cause, tags = [] } = query;
  // Its own id stands for the correlation of most.
  const texts = [jobId, about, correlationId, traceId, cause].filter(each => each !== undefined);
  const mayMatch = (line: string): boolean =>
    texts.every(each => line.includes(each)) && tags.every(digests => digests.some(digest => line.includes(digest)));
  // Of what stands in the line by itself: a tag has another digest under another secret.
  const holds = texts[0] ?? tags.find(({ length }) => length === 1)?.[0];
  return readFrames(text, { holds, mayMatch }).toReversed();
}

function isAsked(run: RunRecord, query: RunQuery): boolean {
  const {
    jobId,
    correlationId,
    traceId,
    contract,
    queue,
    outcomes,
    cause,
    worker,
    release,
    since,
    until,
    tags = [],
  } = query;
  const fits = (wanted: unknown, found: unknown): boolean => wanted === undefined || wanted === found;
  return (
    fits(jobId, run.jobId) &&
    (query.about === undefined || run.jobId === query.about || run.correlationId === query.about) &&
    fits(correlationId, run.correlationId) &&
    fits(traceId, run.traceId) &&
    fits(contract, run.jobName) &&
    fits(queue, run.queue) &&
    fits(cause, run.cause) &&
    fits(worker, run.worker) &&
    fits(release, run.release) &&
    (outcomes === undefined || outcomes.includes(run.outcome)) &&
    (since === undefined || run.endedAt >= since) &&
    (until === undefined || run.endedAt < until) &&
    tags.every(digests => run.tags.some(({ digest }) => digests.includes(digest)))
  );
}

function classesOf({ outcomes }: RunQuery): readonly RunClass[] {
  return outcomes === undefined
    ? RUN_CLASSES
    : RUN_CLASSES.filter(of => outcomes.some(outcome => classOf(outcome) === of));
}

function order(of: RunClass): number {
  return RUN_CLASSES.indexOf(of);
}

function isBehind(place: Place, before: Place): boolean {
  if (place.chunk !== before.chunk) return place.chunk < before.chunk;
  if (place.of !== before.of) return order(place.of) > order(before.of);
  return place.line < before.line;
}

function cursorOf({ chunk, of, line }: Place): string {
  return `${chunk}.${order(of)}.${line}`.replace(/\.(?=\d+\.\d+\.\d+$)/, '_');
}

/** Whether a search has answered it as `next`, as far as can be seen: others lead nowhere, and the search would begin anew. */
export function isRunCursor(text: string): boolean {
  return placeIn(text) !== undefined;
}

/** Undefined where it is none, such as one that a person has typed. */
function placeIn(cursor: string | undefined): Place | undefined {
  const [, chunk, fraction, of, line] = /^(\d{1,16})(?:_(\d{1,3}))?\.([01])\.(\d{1,16})$/.exec(cursor ?? '') ?? [];
  if (chunk === undefined || line === undefined) return undefined;
  return { chunk: Number(`${chunk}.${fraction ?? '0'}`), of: RUN_CLASSES[Number(of)] ?? 'failed', line: Number(line) };
}
