import type { Engine, TaggedPage } from '../../engine/index.ts';
import type { JobView } from '../views/job-view.ts';
import type { CheckedFind } from './check-find.ts';
import { isAsked, readEach, type LiveJobs } from './live-jobs.ts';
import { madeAt } from './page-place.ts';

/** Read at once: each costs some six questions. */
const AT_ONCE = 25;
/** After so many lists a page ends, full or not; the next one goes on there. */
const LISTS = 20;

/** Of each tag all digests that it has: under the present secret, and under the previous one. */
export type TagForms = readonly (readonly string[])[];

/** Jobs that the engine has and that carry the tags, ended or not, the newest first. The contract is looked at in the engine, the rest here. */
export async function taggedJobs(
  engine: Engine,
  queues: readonly string[],
  asked: CheckedFind,
  forms: TagForms,
  before: string | undefined,
): Promise<LiveJobs> {
  const { limit } = asked;
  const jobs: JobView[] = [];
  let behind = before;
  for (let list = 0; list < LISTS; list += 1) {
    const { ids, next } = await taggedIds(engine, queues, forms, {
      name: asked.contract,
      before: behind,
      most: limit + 1,
    });
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const views = await readEach(engine, ids.slice(at, at + AT_ONCE));
      jobs.push(...views.filter(view => isAsked(view, asked)));
      // One more than are shown: whether there is a next page is known then.
      if (jobs.length > limit) return { jobs: jobs.slice(0, limit), next: madeOf(jobs[limit - 1]), beyond: false };
    }
    if (next === undefined) return { jobs, next: undefined, beyond: false };
    behind = next;
  }
  return { jobs, next: behind, beyond: false };
}

function madeOf(job: JobView | undefined): string | undefined {
  return job && madeAt(job.queue, job.id);
}

/** Ids in all queues, the newest first; `next` is when the oldest was made, where there are others. */
export async function taggedIds(
  engine: Engine,
  queues: readonly string[],
  forms: TagForms,
  {
    name,
    before,
    most,
  }: { readonly name?: string | undefined; readonly before?: string | undefined; readonly most: number },
): Promise<TaggedPage> {
  const secrets = [0, 1].filter(form => form < (forms[0]?.length ?? 0));
  const pages = await Promise.all(
    queues.flatMap(queue =>
      secrets.map(async form => {
        const turns = await engine.turns(queue);
        const digests = [...new Set(forms.map(of => of[form] ?? ''))];
        const page = await turns.tagged({ digests, name, most, before: before && queue + before });
        const made = (id: string): string => madeAt(queue, id);
        return { found: page.ids.map(id => ({ id, made: made(id) })), end: page.next && made(page.next) };
      }),
    ),
  );
  // What is behind the end of a list is not known yet: nothing older than the newest such end is said now.
  const ends = pages.flatMap(({ end }) => end ?? []);
  const next = ends.toSorted().at(-1);
  const found = pages.flatMap(page => page.found).filter(({ made }) => next === undefined || made >= next);
  return { ids: found.toSorted((a, b) => (a.made < b.made ? 1 : -1)).map(({ id }) => id), next };
}
