import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { eraseRuns, type JournalStore } from '../../journal/index.ts';
import type { Secrets } from '../../secrets/index.ts';
import { tagDigest } from '../find/job-tags.ts';
import type { CheckedErase } from './check-erase.ts';
import { eraseCallbacks } from './erase-callbacks.ts';
import { eraseItems } from './erase-items.ts';
import { eraseJobs } from './erase-jobs.ts';
import { eraseSchedules } from './erase-schedules.ts';
import {
  EVENTS_IN_THE_OPEN,
  EVENTS_NOT_REACHED,
  ITEMS_NOT_REACHED,
  NOT_REACHED,
  NOTHING_ERASED,
  type ErasedCounts,
  type ErasedTag,
} from './erased.ts';
import { recordErasure } from './erasure-record.ts';

export interface EraseOn {
  readonly engine: Engine;
  readonly facts: Facts;
  readonly secrets: Secrets;
  readonly journal: () => Promise<JournalStore>;
  /** The app's contracts, where they are known: items of chunks are found by them. */
  readonly jobs: App['jobs'] | undefined;
}

/** Workers hand their lines over every two seconds. */
const JOURNAL_LATE_MS = 3_000;

/** The digests that tags have: under the present secret, and under the previous one. Of several tags, all stand in each list. */
export function digestsOf({ present, previous }: Secrets, { tags }: Pick<CheckedErase, 'tags'>): readonly string[][] {
  return [present, ...(previous === undefined ? [] : [previous])].map(digests =>
    tags.map(tag => tagDigest(digests, tag)),
  );
}

/** Erases what the engine and the journal have of jobs that carry the tags. Rejects while the engine is away; repeated it goes on. */
export async function eraseTag(on: EraseOn, asked: CheckedErase): Promise<ErasedTag> {
  const { engine, secrets, facts } = on;
  const digests = digestsOf(secrets, asked);
  let erased: ErasedCounts = NOTHING_ERASED;
  const add = (counts: Partial<ErasedCounts>): void => {
    erased = sumOf(erased, counts);
    asked.onProgress?.(erased);
  };
  // First: they would make new jobs.
  await eraseSchedules(engine, digests, asked.signal, add);
  await eraseCallbacks(engine, digests, asked.signal, add);
  const left = [
    ...(await eraseJobs(engine, digests, asked, add)),
    ...(on.jobs === undefined ? [] : await eraseItems(engine, on.jobs.values(), asked, add)),
  ];
  // The lines of what has ended just now are still on their way: what ran, and what had succeeded or died a moment before.
  const hasEnded = erased.running + erased.succeeded + erased.dead > 0;
  if (hasEnded && engine.kind !== 'memory') await sleep(JOURNAL_LATE_MS);
  const journal = await eraseJournal(on, digests, add);
  // Last: what ran may have appended some.
  if (asked.events !== undefined) add({ events: await asked.events.store.eraseSubject(asked.events.subject) });
  const tags = asked.tags.map(({ name }) => name);
  await recordErasure(engine, { by: asked.by, tags, digests: digests[0] ?? [], erased, left: left.length });
  facts.emit('data.erased', { tags, by: asked.by, erased: { ...erased }, left: left.length });
  const events = asked.events === undefined ? EVENTS_NOT_REACHED : EVENTS_IN_THE_OPEN;
  const items = on.jobs === undefined ? [ITEMS_NOT_REACHED] : [];
  return { erased, left, journal, notReached: [...NOT_REACHED, ...items, events] };
}

/** The journal also knows of jobs that the engine has no more: a result of theirs may still be kept. */
async function eraseJournal(
  { engine, journal }: EraseOn,
  digests: readonly string[][],
  add: (counts: Partial<ErasedCounts>) => void,
): Promise<ErasedTag['journal']> {
  try {
    const ends = await engine.ends();
    await eraseRuns(await journal(), digests, async jobs => {
      const results = await ends.forget(jobs.map(({ queue, jobId }) => ({ queue, id: jobId })));
      add({ runs: jobs.length, results });
    });
    return 'erased';
  } catch {
    return 'unreached';
  }
}

function sumOf(one: ErasedCounts, other: Partial<ErasedCounts>): ErasedCounts {
  return {
    waiting: one.waiting + (other.waiting ?? 0),
    running: one.running + (other.running ?? 0),
    succeeded: one.succeeded + (other.succeeded ?? 0),
    dead: one.dead + (other.dead ?? 0),
    items: one.items + (other.items ?? 0),
    results: one.results + (other.results ?? 0),
    steps: one.steps + (other.steps ?? 0),
    logLines: one.logLines + (other.logLines ?? 0),
    runs: one.runs + (other.runs ?? 0),
    notes: one.notes + (other.notes ?? 0),
    callbacks: one.callbacks + (other.callbacks ?? 0),
    schedules: one.schedules + (other.schedules ?? 0),
    events: one.events + (other.events ?? 0),
  };
}
