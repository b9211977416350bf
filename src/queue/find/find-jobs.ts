import type { Tags } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { didYouMean } from '../../errors/index.ts';
import type { Secrets } from '../../secrets/index.ts';
import { kindOf } from '../prepare/check-requests.ts';
import { readJobView, type JobView } from '../views/job-view.ts';
import { recentQueueNames } from '../views/unnamed-queues.ts';
import { tagDigest, tagFrom, type JobTag } from './job-tags.ts';

/** Which jobs `client.find` looks for. */
export interface FindOptions {
  /** Jobs that carry all of these: `{ user: 'u-1' }`. */
  readonly tag: Tags;
  /** In that queue alone; in all when left out. */
  readonly queue?: string;
  /** 50 when left out, 200 at most. */
  readonly limit?: number;
}

export interface FoundJobs {
  /** The newest first. */
  readonly jobs: readonly JobView[];
  /** Whether there are others beyond the limit. */
  readonly more: boolean;
}

const KNOWN: ReadonlySet<string> = new Set(['tag', 'queue', 'limit']);
const LIMIT = 50;
const MOST = 200;

export interface CheckedFind {
  readonly tags: readonly JobTag[];
  readonly queue: string | undefined;
  readonly limit: number;
}

/** @throws InvalidOptionsError: these may come from a request */
export function checkFind(options: FindOptions): CheckedFind {
  const given: unknown = options;
  const expected = `Expected the options of find among ${[...KNOWN].join(', ')}`;
  if (typeof given !== 'object' || given === null) throw new InvalidOptionsError(`${expected}, got ${kindOf(given)}.`);
  const unknown = Object.keys(given).find(name => !KNOWN.has(name));
  if (unknown !== undefined)
    throw new InvalidOptionsError(`${expected}, got "${unknown.slice(0, 40)}".${didYouMean(unknown, KNOWN)}`);
  const { tag, queue, limit = LIMIT } = options;
  if (typeof tag !== 'object' || tag === null)
    throw new InvalidOptionsError(`Expected tag to be an object such as { user: 'u-1' }, got ${kindOf(tag)}.`);
  const tags = Object.entries(tag).map(([name, value]): JobTag => {
    const read = tagFrom(name, value);
    if (typeof read === 'string') throw new InvalidOptionsError(`tag.${name.slice(0, 40)}: ${read}.`);
    return read;
  });
  if (tags.length === 0) throw new InvalidOptionsError('Expected tag to name at least one tag, got none.');
  if (queue !== undefined && typeof queue !== 'string')
    throw new InvalidOptionsError(`Expected queue to be a text, got ${kindOf(queue)}.`);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new InvalidOptionsError(
      `Expected limit to be an integer from 1 to ${MOST}, got ${String(limit).slice(0, 40)}.`,
    );
  return { tags, queue, limit };
}

/** Looks in every queue, under the previous secret too. What ends in between is passed over. */
export async function findJobs(
  engine: Engine,
  secrets: Secrets,
  { tags, queue, limit }: CheckedFind,
): Promise<FoundJobs> {
  const names = queue === undefined ? await recentQueueNames(engine) : [queue];
  const { present, previous } = secrets;
  const forms = [present, ...(previous === undefined ? [] : [previous])].map(digests => [
    ...new Set(tags.map(tag => tagDigest(digests, tag))),
  ]);
  const found = await Promise.all(
    names.map(async name => {
      const turns = await engine.turns(name);
      const ids = await Promise.all(forms.map(digests => turns.tagged(digests, limit + 1)));
      return ids.flat().map(id => ({ id, made: id.slice(name.length) }));
    }),
  );
  // Behind the queue an id says when it was made.
  const newest = found.flat().toSorted((a, b) => (a.made < b.made ? 1 : -1));
  const views = await Promise.all(newest.slice(0, limit).map(({ id }) => readJobView(engine, id)));
  return { jobs: views.filter(view => view !== undefined), more: newest.length > limit };
}
