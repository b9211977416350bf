import {
  contractGroup,
  groupName,
  groupsOf,
  limitOf,
  type Engine,
  type EngineJob,
  type EngineQueue,
} from '../../engine/index.ts';
import { openState } from '../../state/index.ts';
import { marksOf } from '../meta/job-marks.ts';
import { readMeta } from '../meta/job-meta.ts';
import { groupPause, noteName, pauseOf, readNotes, type Pause } from '../pauses/pause.ts';

/**
 * Why a job is not running. Undefined where nothing keeps it but those before it.
 * - `time`: it was asked for later, an attempt failed, it was snoozed, or its destination or limit sends it back at that time
 * - `release`: no release that has taken it knew this of it, since then
 * - `pause`: its queue, its contract or a group of it is paused, by somebody or by a breaker
 * - `limit`: as many jobs of its queue run as may, or were begun as may be in a while; or as many of its group under a limit of that name.
 *   The group's value is there where a public tag of the job says the same
 * - `children`: BullMQ's children of it have not ended
 */
export type WaitsFor =
  | { readonly for: 'time'; /** Milliseconds since 1970. */ readonly until: number }
  | { readonly for: 'release'; readonly unknown: string; readonly since: number }
  | ({ readonly for: 'pause' } & Pause)
  | { readonly for: 'limit'; readonly of: { readonly queue: string }; readonly what: 'concurrency' | 'rate' }
  | { readonly for: 'limit'; readonly of: LimitedGroup; readonly what?: undefined }
  | { readonly for: 'children' };

/** Those jobs of a queue that a limit counts together. */
export interface LimitedGroup {
  readonly queue: string;
  /** The limit's name; `destination` of a queue's limits of its destinations. */
  readonly limit: string;
  readonly value?: string | undefined;
}

/** Asks for what its state does not say: a job that waits costs a question or three. */
export async function whyItWaits(
  engine: Engine,
  queue: EngineQueue,
  state: string,
  job: EngineJob,
): Promise<WaitsFor | undefined> {
  const of = { queue: queue.name };
  switch (state) {
    case 'waiting-children':
      return { for: 'children' };
    case 'delayed': {
      const { waitingForRelease, since } = marksOf(job.progress);
      if (waitingForRelease !== undefined && since !== undefined)
        return { for: 'release', unknown: waitingForRelease, since };
      const until = await (await engine.ends()).dueAt({ queue: queue.name, id: job.id ?? '' });
      // It may have become due meanwhile.
      return until === undefined ? undefined : { for: 'time', until };
    }
    case 'waiting':
    case 'prioritized':
    case 'paused': {
      const [paused, maxed, limitedMs] = await Promise.all([
        queue.isPaused(),
        queue.isMaxed(),
        queue.getRateLimitTtl(),
      ]);
      const pause = await pauseOfJob(engine, queue.name, job, paused);
      if (pause !== undefined) return { for: 'pause', ...pause };
      if (maxed) return { for: 'limit', of, what: 'concurrency' };
      return limitedMs > 0 ? { for: 'limit', of, what: 'rate' } : limitOfJob(engine, queue.name, job);
    }
    default:
      return undefined;
  }
}

/** Under which limit it waits for its group, if it does. */
async function limitOfJob(engine: Engine, queue: string, job: EngineJob): Promise<WaitsFor | undefined> {
  const groups = groupsOf(job.opts);
  if (groups.length === 0) return undefined;
  const group = await (await engine.turns(queue)).keptBy(job.id ?? '', groups);
  if (group === undefined) return undefined;
  const limit = limitOf(group);
  // What it is about is nobody's to show, unless its contract has made it public.
  const { tags = [] } = readMeta(job.opts.telemetry?.metadata);
  const shown = tags.find(
    ({ name, value }) => value !== undefined && group === groupName(limit, value) && name === limit,
  );
  return { for: 'limit', of: { queue, limit, ...(shown !== undefined && { value: shown.value }) } };
}

/** The pause that keeps it, if one does. What is asked for is little where nothing is paused. */
async function pauseOfJob(
  engine: Engine,
  queue: string,
  job: EngineJob,
  isPaused: boolean,
): Promise<Pause | undefined> {
  const notes = async (): ReturnType<typeof readNotes> => readNotes(await openState(engine));
  if (isPaused) return pauseOf({ queue }, (await notes()).get(noteName(queue, undefined)), undefined);
  const pauses = await (await engine.turns(queue)).pauses();
  if (pauses.length === 0) return undefined;
  const groups = [contractGroup(job.name), ...groupsOf(job.opts)];
  const names = new Set([...groups, ...groups.map(limitOf)]);
  const found = pauses.find(({ group }) => names.has(group));
  return found && groupPause(queue, found, await notes());
}
