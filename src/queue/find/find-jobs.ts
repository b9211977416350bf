import type { Engine, GroupedOptions } from '../../engine/index.ts';
import { KEY_TAG } from '../../facts/index.ts';
import { findRuns, type FoundRuns, type JournalStore, type RunOutcome, type RunRecord } from '../../journal/index.ts';
import type { Secrets } from '../../secrets/index.ts';
import { parseJobId, placeOf, shownJobId } from '../ids/job-id.ts';
import { isOver, type JobView } from '../views/job-view.ts';
import { readStoredJob } from '../views/read-stored-job.ts';
import { recentQueueNames } from '../views/unnamed-queues.ts';
import type { CheckedFind } from './check-find.ts';
import { tagDigest, type ShownTag } from './job-tags.ts';
import { followingJobs, isTraceId } from './following-jobs.ts';
import { isAsked, liveJobs, readEach, type LiveJobs } from './live-jobs.ts';
import { enginePage, JOURNAL_BEGIN } from './page-place.ts';
import { taggedIds, taggedJobs, type TagForms } from './tagged-jobs.ts';

/** A run as the journal has it: values of public tags alone. */
export type FoundRun = Omit<RunRecord, 'tags'> & { readonly tags: readonly ShownTag[] };

export interface FoundJobs {
  /** Those that the engine has, the newest first: on the first pages. */
  readonly jobs: readonly JobView[];
  /** Whether the engine has others of those, or may have. */
  readonly more: boolean;
  /** Others of those are beyond what is looked through, on no page: narrow it down. */
  readonly beyond: boolean;
  /** How others have ended, from the journal, the latest first: behind the last that the engine has. */
  readonly runs: readonly FoundRun[];
  /** Give it as `cursor` for what comes behind; undefined at the end. A page may be short of its limit before it. */
  readonly next: string | undefined;
  /** Where the search stopped for want of time: only what ended later was looked through. */
  readonly lookedBackTo: number | undefined;
  /** `unread`: it is away, or has no tables. */
  readonly journal: 'read' | 'unread';
}

const ENDS: readonly RunOutcome[] = ['succeeded', 'divided', 'dead', 'cancelled', 'expired'];
const NO_RUNS: FoundRuns = { runs: [], next: undefined, lookedBackTo: undefined };
const NO_JOBS: LiveJobs = { jobs: [], next: undefined, beyond: false };
/** Of a cause. */
const ATTEMPTS_LOOKED_AT = 200;
type Journal = () => Promise<JournalStore>;

/**
 * Looks in every queue and in the journal, under the previous secret too. One list: the jobs that the engine has, by when they were made, then how others
 * have ended. Its pages go by those times, so what comes meanwhile moves nothing; a job that has ended since it was shown may be shown once more, as it ended.
 */
export async function findJobs(
  engine: Engine,
  secrets: Secrets,
  asked: CheckedFind,
  journal: Journal,
): Promise<FoundJobs> {
  const forms = tagForms(secrets, asked);
  const { page } = asked;
  const live = page.in === 'engine' ? await inEngine(engine, asked, forms, page.before, journal) : NO_JOBS;
  const { jobs, beyond } = live;
  const here = { jobs, beyond, more: beyond || live.next !== undefined };
  const none = { runs: [], lookedBackTo: undefined, journal: 'read' } as const;
  if (live.next !== undefined) return { ...here, ...none, next: enginePage(live.next) };
  const limit = asked.limit - jobs.length;
  if (!isPastAsked(asked)) return { ...here, ...none, next: undefined };
  if (limit === 0) return { ...here, ...none, next: JOURNAL_BEGIN };
  const past = await inJournal(asked, forms, journal, {
    limit,
    cursor: page.in === 'journal' ? page.cursor : undefined,
  });
  const { runs, next, lookedBackTo } = past ?? NO_RUNS;
  const others = await withoutShown(engine, asked, jobs, runs);
  // Hosts write what has ended by turns: only within a page it is in its order.
  const ordered = others.toSorted((a, b) => b.endedAt - a.endedAt);
  return { ...here, runs: ordered.map(shownRun), next, lookedBackTo, journal: past === undefined ? 'unread' : 'read' };
}

/** Without the ends of jobs that the engine still has, where it has said them itself: those by tags, and by an id. */
async function withoutShown(
  engine: Engine,
  { tags, id }: CheckedFind,
  jobs: readonly JobView[],
  runs: readonly RunRecord[],
): Promise<readonly RunRecord[]> {
  const ended = new Set(jobs.filter(({ state }) => isOver(state)).map(job => job.id));
  if (tags.length > 0 && id === undefined && runs.length > 0) {
    const places = runs.map(({ queue, jobId }) => ({ queue, id: jobId }));
    const ends = await (await engine.ends()).read(places);
    for (const [index, { kind }] of ends.entries())
      if (kind === 'succeeded' || kind === 'failed') ended.add(shownJobId(places[index] ?? { queue: '', id: '' }));
  }
  return runs.filter(run => run.outcome === 'retried' || !ended.has(nameOf(run)));
}

function nameOf({ queue, jobId }: Pick<RunRecord, 'jobId' | 'queue'>): string {
  return shownJobId({ queue, id: jobId });
}

/** As whoever looks may see it; a job of another program as `QUEUE/ID`. */
export function shownRun({ tags, ...run }: RunRecord): FoundRun {
  const own = tags.filter(({ name }) => name !== KEY_TAG);
  const shown = own.map(({ name, value }) => (value === undefined ? { name } : { name, value }));
  return { ...run, jobId: nameOf(run), tags: shown };
}

/** All digests that each tag has: under the present secret, and under the previous one. */
export function tagForms({ present, previous }: Secrets, { tags }: Pick<CheckedFind, 'tags'>): TagForms {
  const secrets = previous === undefined ? [present] : [present, previous];
  return tags.map(tag => secrets.map(digests => tagDigest(digests, tag)));
}

/** Whether a job's options say that it carries the tags. */
export function carries({ tg }: GroupedOptions, forms: TagForms): boolean {
  const carried = new Set(tg?.split(' '));
  return forms.every(digests => digests.some(digest => carried.has(digest)));
}

async function inEngine(
  engine: Engine,
  asked: CheckedFind,
  forms: TagForms,
  before: string | undefined,
  journal: Journal,
): Promise<LiveJobs> {
  const { id, queue, cause } = asked;
  const queues = async (): Promise<readonly string[]> => (queue === undefined ? recentQueueNames(engine) : [queue]);
  if (cause !== undefined) return causedJobs(engine, asked, forms, journal);
  if (id !== undefined) {
    const own = (await readEach(engine, [id])).filter(job => isAsked(job, asked));
    const found = await carrying(engine, own, forms);
    // Whoever asks for a job by its tags wants to know whether it is somebody's.
    if (forms.length > 0 || !isLiveAsked(asked)) return { ...NO_JOBS, jobs: found };
    const { jobs, beyond } = await followingJobs(engine, await queues(), id, asked);
    return { jobs: [...found, ...jobs].slice(0, asked.limit), next: undefined, beyond };
  }
  return forms.length === 0
    ? liveJobs(engine, await queues(), asked, before)
    : taggedJobs(engine, await queues(), asked, forms, before);
}

/** Jobs of which an attempt ended so and that have not ended: the newest such attempts lead to them. */
async function causedJobs(engine: Engine, asked: CheckedFind, forms: TagForms, journal: Journal): Promise<LiveJobs> {
  if (!isLiveAsked(asked)) return NO_JOBS;
  // Its times are those of the job, not of an attempt.
  const { since: _since, until: _until, ...others } = asked;
  const page = { limit: ATTEMPTS_LOOKED_AT, cursor: undefined };
  const failed = await inJournal({ ...others, state: 'retried' }, forms, journal, page);
  const ids = [...new Set(failed?.runs.map(nameOf))];
  const views = await readEach(engine, ids);
  const jobs = views.filter(job => !isOver(job.state) && isAsked(job, asked));
  return { jobs: jobs.slice(0, asked.limit), next: undefined, beyond: jobs.length > asked.limit };
}

/** Those of jobs that were found otherwise that carry the tags too: an app may ask so whether one is its user's. */
async function carrying(engine: Engine, jobs: readonly JobView[], forms: TagForms): Promise<readonly JobView[]> {
  if (forms.length === 0) return jobs;
  const carry = await Promise.all(
    jobs.map(async ({ id, queue }) => {
      const job = await readStoredJob(await engine.queue(queue), placeOf(id)?.id ?? id);
      return job !== undefined && carries(job.opts, forms);
    }),
  );
  return jobs.filter((_, index) => carry[index] === true);
}

/** Of the tags that are asked for, in the engine alone: for whoever follows them. */
export async function findIds(engine: Engine, secrets: Secrets, asked: CheckedFind): Promise<readonly string[]> {
  const queues = asked.queue === undefined ? await recentQueueNames(engine) : [asked.queue];
  const { ids } = await taggedIds(engine, queues, tagForms(secrets, asked), { most: asked.limit });
  return ids.slice(0, asked.limit);
}

function isPastAsked({ state, waitsFor }: CheckedFind): boolean {
  return waitsFor === undefined && state !== 'waiting' && state !== 'delayed' && state !== 'running';
}

function isLiveAsked({ state }: CheckedFind): boolean {
  return state === undefined || state === 'waiting' || state === 'delayed' || state === 'running';
}

/** Undefined where the journal cannot be read: what the engine has is shown all the same. */
async function inJournal(
  { id, contract, queue, state, cause, since, until }: CheckedFind,
  tags: TagForms,
  journal: Journal,
  page: { readonly limit: number; readonly cursor: string | undefined },
): Promise<FoundRuns | undefined> {
  const outcomes = state === undefined ? ENDS : outcomesOf(state);
  // An id of ours finds what followed from it too, in whatever queue; another program's says its own.
  const place = id === undefined || parseJobId(id) !== undefined ? undefined : placeOf(id);
  const query = { contract, queue: place?.queue ?? queue, outcomes, cause, since, until, tags };
  const about = id !== undefined && isTraceId(id) ? { traceId: id } : { about: place?.id ?? id };
  try {
    return await findRuns(await journal(), { ...query, ...about }, page);
  } catch {
    return undefined;
  }
}

function outcomesOf(state: NonNullable<CheckedFind['state']>): readonly RunOutcome[] {
  if (state === 'succeeded') return ['succeeded', 'divided'];
  return state === 'dead' || state === 'cancelled' || state === 'expired' || state === 'retried' ? [state] : [];
}
