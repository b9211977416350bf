import { randomUUID } from 'node:crypto';
import type { App, Schedule } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { clientOn, readJobView, UndecodableJobError, type JobView } from '../../queue/index.ts';
import { standAside } from '../../resilience/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import {
  OVERDUE_MS,
  CURSOR_KEPT_MS,
  cursorIn,
  dueSlots,
  remember,
  ruleOf,
  slotsOf,
  type Cursor,
  type SchedulePause,
  type SlotRecord,
} from '../../schedules/index.ts';

/** A schedule of the app as it stands. Times are the engine's, milliseconds since 1970. */
export interface ScheduleView {
  readonly name: string;
  readonly job: string;
  readonly queue: string;
  readonly when: Schedule['when'];
  readonly missed: Schedule['missed'];
  readonly overlap: Schedule['overlap'];
  readonly paused: SchedulePause | undefined;
  readonly nextAt: number | undefined;
  /** A slot has come more than a few seconds ago and nobody has dealt with it: no worker host leads the schedules. */
  readonly overdue: boolean;
  /** What became of the last slots and runs by hand, newest first. */
  readonly runs: readonly ScheduleRun[];
}

export interface ScheduleRun extends SlotRecord {
  /** Its job as it stands; undefined where there is none, and when it is no longer kept. */
  readonly job: Pick<JobView, 'id' | 'state' | 'startedAt' | 'finishedAt'> | undefined;
}

/** A schedule that is read is followed by its jobs: a view of a job costs the engine a few commands. */
const SHOWN = 8;
const TRIES = 40;

/** Every schedule of the app: one command, and the view of at most eight jobs for each. */
export async function readSchedules(app: App, engine: Engine): Promise<readonly ScheduleView[]> {
  if (app.schedules.length === 0) return [];
  const state = await openState(engine);
  const cursors = new Map((await state.list('schedule')).map(({ name, value }) => [name, cursorIn(value)]));
  const now = engine.clock.now();
  return Promise.all(app.schedules.map(schedule => viewOf(engine, schedule, cursors.get(schedule.name), now)));
}

/** Its slots become no jobs until it is resumed. Answers whether it was running. Whoever asks is kept with it. */
export async function pauseSchedule(
  engine: Engine,
  schedule: Schedule,
  { by, reason }: { readonly by: string; readonly reason?: string | undefined },
): Promise<boolean> {
  const at = engine.clock.now();
  return change(engine, schedule, cursor =>
    cursor.paused === undefined
      ? { ...cursor, paused: { by, at, ...(reason !== undefined && { reason }) } }
      : undefined,
  );
}

/** It goes on with its next slot; what passed meanwhile is not made up for. Answers whether it was paused. */
export async function resumeSchedule(engine: Engine, schedule: Schedule): Promise<boolean> {
  const now = engine.clock.now();
  return change(engine, schedule, ({ paused, ...cursor }) => {
    if (paused === undefined) return undefined;
    // No worker may have been there to let the slots of the pause pass.
    const passed = dueSlots(slotsOf(schedule), cursor.slot, now, 1_000);
    const [first] = passed;
    if (first === undefined) return cursor;
    const recent = remember(cursor.recent, { at: first, what: 'paused', count: passed.length });
    return { ...cursor, slot: now, recent };
  });
}

/** Enqueues its job now, with the data of this moment, beside its slots; also while it is paused. Answers the job's id. */
export async function runSchedule(engine: Engine, facts: Facts, schedule: Schedule, by: string): Promise<string> {
  const at = engine.clock.now();
  const options = { ...schedule.options, idempotencyKey: `schedule:${schedule.name}:${randomUUID()}` };
  const receipt = await clientOn(engine, facts).enqueueMany([
    { kind: 'job-request', contract: schedule.job, data: schedule.dataAt(new Date(at)), options },
  ]);
  const jobId = receipt[0]?.id ?? '';
  await change(engine, schedule, cursor => ({
    ...cursor,
    recent: remember(cursor.recent, { at, what: 'by hand', count: 1, jobId, by }),
  }));
  return jobId;
}

/** A scheduler writes its cursor at each slot: whoever meets that tries again. */
async function change(
  engine: Engine,
  schedule: Schedule,
  to: (cursor: Cursor) => Cursor | undefined,
): Promise<boolean> {
  const state: StateStore = await openState(engine);
  for (let tried = 0; tried < TRIES; tried += 1) {
    await standAside(tried);
    const entry = await state.get('schedule', schedule.name);
    // No worker has led yet: it begins now.
    const cursor = cursorIn(entry?.value) ?? { slot: engine.clock.now(), rule: ruleOf(schedule) };
    const next = to(cursor);
    if (next === undefined) return false;
    const written = await state.compareAndSet('schedule', schedule.name, entry?.version ?? 0, next, CURSOR_KEPT_MS);
    if (written !== undefined) return true;
  }
  throw new Error(`The schedule "${schedule.name}" changes too often to be changed now.`);
}

async function viewOf(
  engine: Engine,
  schedule: Schedule,
  cursor: Cursor | undefined,
  now: number,
): Promise<ScheduleView> {
  const { name, job, when, missed, overlap } = schedule;
  const records = (cursor?.recent ?? []).slice(-SHOWN).toReversed();
  const runs = await Promise.all(records.map(async record => ({ ...record, job: await jobOf(engine, record.jobId) })));
  const slots = slotsOf(schedule);
  const counts = cursor !== undefined && cursor.retired !== true && cursor.rule === ruleOf(schedule);
  const due = counts && cursor.paused === undefined ? slots.next(cursor.slot) : undefined;
  return {
    name,
    job: job.name,
    queue: job.queue,
    when,
    missed,
    overlap,
    paused: cursor?.paused,
    nextAt: slots.next(now),
    overdue: due !== undefined && now - due > OVERDUE_MS,
    runs,
  };
}

async function jobOf(engine: Engine, id: string | undefined): Promise<ScheduleRun['job']> {
  if (id === undefined) return undefined;
  try {
    const view = await readJobView(engine, id);
    return view && { id: view.id, state: view.state, startedAt: view.startedAt, finishedAt: view.finishedAt };
  } catch (error) {
    if (error instanceof UndecodableJobError) return undefined;
    throw error;
  }
}
