import { DESTINATION, type App } from '../../contracts/index.ts';
import { limitOf, type Engine } from '../../engine/index.ts';
import { didYouMean, InvalidOptionsError } from '../../errors/index.ts';
import type { CheckedTarget } from './pause-target.ts';

/** Contracts are given as themselves: the app may be another one's. */
const CONTRACTS = 'job';

export interface KnownNames {
  readonly engine: Engine;
  /** Undefined: the client was given none. */
  readonly app: (Pick<App, 'queues'> & Partial<Pick<App, 'jobs'>>) | undefined;
}

/**
 * Refuses a queue that neither the app nor the engine knows, and a group of a limit that nothing of the app has: a name that is misspelt would be
 * taken, and the work would go on. Queues of other programs are known by the engine, which is asked where the app does not name the queue. Which
 * limits there are only the app knows: without one any group is taken.
 *
 * `paused`: limits with a group that is paused; an earlier release may have had them.
 * @throws InvalidOptionsError; what the engine throws
 */
export async function requireKnownNames(
  { engine, app }: KnownNames,
  { queue, group }: CheckedTarget,
  paused: () => Promise<readonly string[]>,
): Promise<void> {
  const limit = group === undefined ? undefined : limitOf(group);
  if (limit === CONTRACTS) return;
  if (queue !== undefined && app?.queues.has(queue) !== true) await requireQueue({ engine, app }, queue);
  const limits = limit === undefined ? undefined : limitsOf(app);
  if (limit === undefined || limits === undefined || limits.has(limit)) return;
  if ((await paused()).includes(limit)) return;
  const has = limits.size === 0 ? 'none' : [...limits].join(', ');
  throw new InvalidOptionsError(
    `Expected group to be of a limit of the app (it has ${has}), got "${limit.slice(0, 60)}".${didYouMean(limit, limits)}`,
  );
}

async function requireQueue({ engine, app }: KnownNames, queue: string): Promise<void> {
  const names = await engine.queueNames();
  if (names.includes(queue)) return;
  const where =
    app === undefined ? 'the engine: one without a job so far is known by connect({ app })' : 'the app or the engine';
  throw new InvalidOptionsError(
    `Expected queue to be one of ${where}, got "${queue.slice(0, 60)}".${didYouMean(queue, [...(app?.queues.keys() ?? []), ...names])}`,
  );
}

/** Undefined where nobody knows. A destination is the group of a limit that nobody has to write. */
function limitsOf(app: KnownNames['app']): ReadonlySet<string> | undefined {
  if (app?.jobs === undefined) return undefined;
  const jobs = [...app.jobs.values()];
  const named = [...jobs, ...app.queues.values()].flatMap(({ limits }) => limits.map(({ name }) => name));
  const isSick = jobs.some(({ destinationOf }) => destinationOf !== undefined);
  return new Set(isSick ? [...named, DESTINATION] : named);
}
