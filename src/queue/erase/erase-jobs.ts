import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, EngineQueue, JobPlace } from '../../engine/index.ts';
import { openState } from '../../state/index.ts';
import { cancelJob } from '../cancel/cancel-job.ts';
import { DEATH_NOTES, deathNoteIn } from '../deaths/death-note.ts';
import { shownJobId } from '../ids/job-id.ts';
import type { CheckedErase } from './check-erase.ts';
import { familyOf, noteErased } from './family.ts';
import type { ErasedCounts } from './erased.ts';

/** Jobs that are looked for in one trip, and erased before the next ones are. */
const A_PAGE = 100;
const AT_ONCE = 10;
const LOOK_EVERY_MS = 200;
/** New ones may come while it goes on; that a person's jobs never cease must not keep it for ever. */
export const MOST_PASSES = 5;

export type AddErased = (counts: Partial<ErasedCounts>) => void;

/** One erasure of what the engine has. */
interface Erasing {
  readonly engine: Engine;
  readonly asked: CheckedErase;
  readonly add: AddErased;
  /** Until when each job that ran is waited for: by `performance.now()`. */
  readonly waits: Map<string, number>;
}

/** Erases the jobs of the engine that carry one of the lists of digests. Answers the ids of those that would not end in time. */
export async function eraseJobs(
  engine: Engine,
  digests: readonly (readonly string[])[],
  asked: CheckedErase,
  add: AddErased,
): Promise<readonly string[]> {
  const { signal } = asked;
  const on: Erasing = { engine, asked, add, waits: new Map() };
  const left = new Set<string>();
  const names = await engine.queueNames();
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    let found = 0;
    left.clear();
    for (const name of names) {
      const queue = await engine.queue(name);
      for await (const ids of pagesOf(engine, name, digests, signal)) {
        found += ids.length;
        // All at once: each that runs is told before the first is waited for.
        await eachOf(ids, async id => {
          if ((await queue.getJobState(id)) === 'active') await tell(on, { queue: name, id });
        });
        await eachOf(ids, async id => {
          if (!(await eraseJob(on, queue, id))) left.add(id);
        });
        await eraseNotes(engine, name, new Set(ids.filter(id => !left.has(id))), add);
        signal?.throwIfAborted();
      }
    }
    if (found === 0 || found === left.size) break;
  }
  return [...left];
}

/** What `onDead` was about to queue for them: whoever catches up would queue it for a job that is gone. */
async function eraseNotes(engine: Engine, queue: string, ids: ReadonlySet<string>, add: AddErased): Promise<void> {
  const store = await openState(engine);
  for (const { name, value, version } of await store.list(DEATH_NOTES)) {
    const note = deathNoteIn(value);
    if (note?.queue !== queue || !ids.has(note.jobId)) continue;
    if (await store.delete(DEATH_NOTES, name, version)) add({ notes: 1 });
  }
}

async function* pagesOf(
  engine: Engine,
  name: string,
  digests: readonly (readonly string[])[],
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly string[]> {
  const turns = await engine.turns(name);
  for (const form of digests) {
    let before: string | undefined;
    do {
      signal?.throwIfAborted();
      const page = await turns.tagged({ digests: form, most: A_PAGE, before });
      if (page.ids.length > 0) yield page.ids;
      before = page.next;
    } while (before !== undefined);
  }
}

async function eachOf(ids: readonly string[], act: (id: string) => Promise<void>): Promise<void> {
  for (let at = 0; at < ids.length; at += AT_ONCE) await Promise.all(ids.slice(at, at + AT_ONCE).map(act));
}

/** Of a job that runs: cancels it, where that was asked, the first time that it is met. Answers until when it is waited for. */
async function tell({ engine, asked, waits }: Erasing, place: JobPlace): Promise<number> {
  const name = shownJobId(place);
  const known = waits.get(name);
  if (known !== undefined) return known;
  const until = performance.now() + asked.timeoutMs;
  waits.set(name, until);
  if (asked.running === 'cancel') await cancelJob(engine, name, { reason: 'its data is erased', by: asked.by });
  return until;
}

/** False where it, or a child of its, still ran when the time was over. Gone is erased. */
async function eraseJob(on: Erasing, queue: EngineQueue, id: string): Promise<boolean> {
  const { engine, add, waits } = on;
  const place = { queue: queue.name, id };
  for (;;) {
    const family = await familyOf(engine, place);
    const [job] = family;
    if (job === undefined || job.state === 'unknown') return true;
    const running = family.filter(({ state }) => state === 'active');
    if (running.length === 0 && (await removed(queue, id)) > 0) {
      for (const each of family) await noteErased(engine, each, waits.has(shownJobId(each.place)), add);
      return true;
    }
    // Where none runs it was taken in between.
    const told = running.length === 0 ? [job] : running;
    const until = await Promise.all(told.map(({ place: its }) => tell(on, its)));
    if (performance.now() >= Math.max(...until)) return false;
    await sleep(LOOK_EVERY_MS);
  }
}

/** How many were removed, where it was: with its children, which PostgreSQL counts and Redis does not. BullMQ says that it cannot by an answer or by an error, as the engine has it. */
export async function removed(queue: EngineQueue, id: string): Promise<number> {
  try {
    return await queue.remove(id);
  } catch (error) {
    if (error instanceof Error && /locked|could not be removed/i.test(error.message)) return 0;
    throw error;
  }
}
