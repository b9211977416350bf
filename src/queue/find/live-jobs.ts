import type { Engine } from '../../engine/index.ts';
import { readJobView, type JobView } from '../views/job-view.ts';
import { UndecodableJobError } from '../views/undecodable-job-error.ts';
import type { CheckedFind } from './check-find.ts';

export interface LiveJobs {
  /** The newest first. */
  readonly jobs: readonly JobView[];
  /** Whether there are, or may be, others. */
  readonly more: boolean;
}

/** Ids that are looked at in each state of each queue. */
const LOOKED_AT = 200;
/** Read at once: each costs some six questions. */
const AT_ONCE = 25;
const STATES = {
  waiting: ['waiting', 'prioritized', 'waiting-children'],
  delayed: ['delayed'],
  running: ['active'],
} as const;

/** Jobs that have not ended, from the newest 200 of each state: of a queue, of a contract, of a state. */
export async function liveJobs(engine: Engine, names: readonly string[], asked: CheckedFind): Promise<LiveJobs> {
  const { state, limit } = asked;
  const states = state === undefined ? Object.values(STATES).flat() : isLive(state) ? STATES[state] : [];
  if (states.length === 0) return { jobs: [], more: false };
  const found = await Promise.all(
    names.map(async name => {
      const queue = await engine.queue(name);
      const each = await Promise.all(states.map(each => queue.getRanges([each], 0, LOOKED_AT - 1, false)));
      const cut = each.some(ids => ids.length >= LOOKED_AT);
      return { cut, ids: each.flat().map(id => ({ id, made: id.slice(name.length) })) };
    }),
  );
  const ids = newestFirst(found.flatMap(each => each.ids));
  const cut = found.some(each => each.cut);
  const jobs: JobView[] = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const views = await readEach(engine, ids.slice(at, at + AT_ONCE));
    jobs.push(...views.filter(view => isAsked(view, asked)));
    if (jobs.length > limit) break;
  }
  return { jobs: jobs.slice(0, limit), more: jobs.length > limit || cut };
}

/** Behind the queue an id says when it was made. */
export function newestFirst(found: readonly { readonly id: string; readonly made: string }[]): readonly string[] {
  return found.toSorted((a, b) => (a.made < b.made ? 1 : -1)).map(({ id }) => id);
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
