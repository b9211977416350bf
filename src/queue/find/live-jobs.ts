import type { Engine } from '../../engine/index.ts';
import { isOver, readJobView, type JobView } from '../views/job-view.ts';
import { UndecodableJobError } from '../views/undecodable-job-error.ts';
import { shownJobId } from '../ids/job-id.ts';
import type { CheckedFind } from './check-find.ts';
import { madeAt, madeAtMs } from './page-place.ts';

export interface LiveJobs {
  /** The newest first. */
  readonly jobs: readonly JobView[];
  /** Behind which the next page goes on; undefined where there is none. */
  readonly next: string | undefined;
  /** There are, or may be, others that no page reaches: it has to be narrowed down. */
  readonly beyond: boolean;
}

/** Ids that are looked at in each state of each queue: at least, and in all where the queues are few. */
const LOOKED_AT = 200;
const LOOKED_AT_IN_ALL = 20_000;
/** Read at once: each costs some six questions, which of many are hardly more than of few. */
const AT_ONCE = 51;
/** A page ends after so many were read, full or not; the next one goes on there. */
const READ_A_PAGE = 1_000;
/** Clocks of those who make ids and of the engine may differ by so much. */
const CLOCKS_DIFFER_MS = 600_000;
const STATES = {
  waiting: ['waiting', 'prioritized', 'waiting-children'],
  delayed: ['delayed'],
  running: ['active'],
} as const;

/** Jobs that have not ended, from the newest of each state: of a queue, of a contract, of a state. */
export async function liveJobs(
  engine: Engine,
  names: readonly string[],
  asked: CheckedFind,
  before: string | undefined,
): Promise<LiveJobs> {
  const { state, limit, until = Infinity } = asked;
  const states = state === undefined ? Object.values(STATES).flat() : isLive(state) ? STATES[state] : [];
  if (states.length === 0) return { jobs: [], next: undefined, beyond: false };
  const most = Math.max(LOOKED_AT, Math.floor(LOOKED_AT_IN_ALL / (names.length * states.length)));
  const found = await Promise.all(
    names.map(async name => {
      const queue = await engine.existingQueue(name);
      if (queue === undefined) return { cut: false, ids: [] };
      // A list for each, in one question: what BullMQ's queue answers of several states does not say where one ends.
      const each = await queue.backend.getRanges([...states], 0, most - 1, false);
      const cut = each.some(ids => ids.length >= most);
      const ids = each.flat().map(id => shownJobId({ queue: name, id }));
      return { cut, ids: ids.map(id => ({ id, made: madeAt(name, id) })) };
    }),
  );
  const beyond = found.some(each => each.cut);
  const ids = found
    .flatMap(each => each.ids)
    .filter(({ made }) => before === undefined || made < before)
    // No job is added before its id is made. Where many wait, a time that is past is looked for in the journal at once.
    .filter(({ made }) => (madeAtMs(made) ?? 0) < until + CLOCKS_DIFFER_MS)
    .toSorted((a, b) => (a.made < b.made ? 1 : -1));
  const jobs: JobView[] = [];
  // One more than are shown says whether there are others.
  const atOnce = Math.min(AT_ONCE, limit + 1);
  for (let at = 0; at < ids.length; at += atOnce) {
    if (at >= READ_A_PAGE) return { jobs, next: ids[at - 1]?.made, beyond };
    const part = ids.slice(at, at + atOnce);
    const views = await readEach(
      engine,
      part.map(({ id }) => id),
    );
    // One that has ended in between is the journal's to tell.
    jobs.push(...views.filter(view => isAsked(view, asked) && !isOver(view.state)));
    if (jobs.length > limit) {
      const shown = jobs.slice(0, limit);
      const last = shown.at(-1);
      return { jobs: shown, next: last && madeAt(last.queue, last.id), beyond };
    }
  }
  return { jobs, next: undefined, beyond };
}

/** What has ended in between, or cannot be read, is passed over. */
export async function readEach(engine: Engine, ids: readonly string[]): Promise<readonly JobView[]> {
  const views = await Promise.all(ids.map(id => readJobView(engine, id).catch(unreadable)));
  return views.filter(view => view !== undefined);
}

function unreadable(error: unknown): undefined {
  // An engine that is away has something to say.
  if (error instanceof UndecodableJobError) return undefined;
  throw error;
}

export function isAsked(job: JobView, asked: CheckedFind): boolean {
  const { contract, queue, state, waitsFor, since, until } = asked;
  const at = job.finishedAt ?? job.enqueuedAt;
  return (
    (contract === undefined || job.name === contract) &&
    (queue === undefined || job.queue === queue) &&
    (state === undefined || job.state === state) &&
    (waitsFor === undefined || job.waitsFor?.for === waitsFor) &&
    (since === undefined || at >= since) &&
    (until === undefined || at < until)
  );
}

function isLive(state: string): state is keyof typeof STATES {
  return state in STATES;
}
