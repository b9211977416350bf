import type { Engine, GroupedOptions } from '../../engine/index.ts';
import { findRuns, type FoundRuns, type JournalStore, type RunOutcome, type RunRecord } from '../../journal/index.ts';
import type { Secrets } from '../../secrets/index.ts';
import { placeOf } from '../ids/job-id.ts';
import { isOver, type JobView } from '../views/job-view.ts';
import { readStoredJob } from '../views/read-stored-job.ts';
import { recentQueueNames } from '../views/unnamed-queues.ts';
import type { CheckedFind } from './check-find.ts';
import { tagDigest, type ShownTag } from './job-tags.ts';
import { isAsked, liveJobs, newestFirst, readEach, type LiveJobs } from './live-jobs.ts';

/** A run as the journal has it: values of public tags alone. */
export type FoundRun = Omit<RunRecord, 'tags'> & { readonly tags: readonly ShownTag[] };

export interface FoundJobs {
  /** Those that the engine has, the newest first. On the first page alone. */
  readonly jobs: readonly JobView[];
  /** Whether there are others of those beyond the limit. */
  readonly more: boolean;
  /** How others have ended, from the journal, the latest first. */
  readonly runs: readonly FoundRun[];
  /** Give it as `cursor` for what ended before; undefined at the end. */
  readonly next: string | undefined;
  /** Where the search stopped for want of time: only what ended later was looked through. */
  readonly lookedBackTo: number | undefined;
  /** `unread`: it is away, or has no tables. */
  readonly journal: 'read' | 'unread';
}

const ENDS: readonly RunOutcome[] = ['succeeded', 'divided', 'dead', 'cancelled', 'expired'];
const NONE: FoundRuns = { runs: [], next: undefined, lookedBackTo: undefined };

/** Looks in every queue and in the journal, under the previous secret too. */
export async function findJobs(
  engine: Engine,
  secrets: Secrets,
  asked: CheckedFind,
  journal: () => Promise<JournalStore>,
): Promise<FoundJobs> {
  const forms = tagForms(secrets, asked);
  const live = asked.cursor === undefined && asked.cause === undefined ? await inEngine(engine, asked, forms) : NO_JOBS;
  const past = isPastAsked(asked) ? await inJournal(asked, forms, journal) : NONE;
  const ended = new Set(live.jobs.filter(({ state }) => isOver(state)).map(({ id }) => id));
  const runs = (past ?? NONE).runs.filter(({ jobId, outcome }) => outcome === 'retried' || !ended.has(jobId));
  const { next, lookedBackTo } = past ?? NONE;
  return { ...live, runs: runs.map(shownRun), next, lookedBackTo, journal: past === undefined ? 'unread' : 'read' };
}

const NO_JOBS: LiveJobs = { jobs: [], more: false };

/** As whoever looks may see it. */
export function shownRun({ tags, ...run }: RunRecord): FoundRun {
  return { ...run, tags: tags.map(({ name, value }) => (value === undefined ? { name } : { name, value })) };
}

/** All digests that each tag has: under the present secret, and under the previous one. */
function tagForms({ present, previous }: Secrets, { tags }: CheckedFind): readonly (readonly string[])[] {
  const secrets = previous === undefined ? [present] : [present, previous];
  return tags.map(tag => secrets.map(digests => tagDigest(digests, tag)));
}

async function inEngine(engine: Engine, asked: CheckedFind, forms: readonly (readonly string[])[]): Promise<LiveJobs> {
  const { id, queue, limit } = asked;
  if (id !== undefined) {
    const jobs = (await readEach(engine, [id])).filter(job => isAsked(job, asked));
    const carry = await Promise.all(jobs.map(job => carries(engine, job, forms)));
    return { jobs: jobs.filter((_, index) => carry[index] === true), more: false };
  }
  if (forms.length === 0) {
    return liveJobs(engine, queue === undefined ? await recentQueueNames(engine) : [queue], asked);
  }
  const ids = await taggedIds(engine, asked, forms);
  const jobs = await readEach(engine, ids.slice(0, limit));
  return { jobs: jobs.filter(job => isAsked(job, asked)), more: ids.length > limit };
}

/** Whether a job that is asked for by its id carries the tags too: an app may ask so whether it is its user's. */
async function carries(
  engine: Engine,
  { id, queue }: JobView,
  forms: readonly (readonly string[])[],
): Promise<boolean> {
  if (forms.length === 0) return true;
  const job = await readStoredJob(await engine.queue(queue), placeOf(id)?.id ?? id);
  const { tg }: GroupedOptions = job?.opts ?? {};
  const carried = new Set(tg?.split(' '));
  return forms.every(digests => digests.some(digest => carried.has(digest)));
}

/** The ids of the newest jobs that the engine has and that carry the tags, the newest first; may be more than the limit. */
async function taggedIds(
  engine: Engine,
  { queue, limit }: CheckedFind,
  forms: readonly (readonly string[])[],
): Promise<readonly string[]> {
  const names = queue === undefined ? await recentQueueNames(engine) : [queue];
  const found = await Promise.all(
    names.map(async name => {
      const turns = await engine.turns(name);
      const secrets = [0, 1].filter(form => form < (forms[0]?.length ?? 0));
      const ids = await Promise.all(
        secrets.map(form => turns.tagged([...new Set(forms.map(of => of[form] ?? ''))], limit + 1)),
      );
      return ids.flat().map(each => ({ id: each, made: each.slice(name.length) }));
    }),
  );
  return newestFirst(found.flat());
}

/** Of the tags that are asked for, in the engine alone: for whoever follows them. */
export async function findIds(engine: Engine, secrets: Secrets, asked: CheckedFind): Promise<readonly string[]> {
  return (await taggedIds(engine, asked, tagForms(secrets, asked))).slice(0, asked.limit);
}

function isPastAsked({ state, waitsFor }: CheckedFind): boolean {
  return waitsFor === undefined && state !== 'waiting' && state !== 'delayed' && state !== 'running';
}

/** Undefined where the journal cannot be read: what the engine has is shown all the same. */
async function inJournal(
  { id, contract, queue, state, cause, since, until, limit, cursor }: CheckedFind,
  tags: readonly (readonly string[])[],
  journal: () => Promise<JournalStore>,
): Promise<FoundRuns | undefined> {
  const isTrace = id !== undefined && /^[0-9a-f]{32}$/.test(id);
  const outcomes = state === undefined ? ENDS : outcomesOf(state);
  const query = { contract, queue, outcomes, cause, since, until, tags };
  const about = isTrace ? { traceId: id } : { about: id };
  try {
    return await findRuns(await journal(), { ...query, ...about }, { limit, cursor });
  } catch {
    return undefined;
  }
}

function outcomesOf(state: NonNullable<CheckedFind['state']>): readonly RunOutcome[] {
  if (state === 'succeeded') return ['succeeded', 'divided'];
  return state === 'dead' || state === 'cancelled' || state === 'expired' || state === 'retried' ? [state] : [];
}
