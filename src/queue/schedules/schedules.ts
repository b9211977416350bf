import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { App, JobRequest } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import { InvalidOptionsError, kindOf } from '../../errors/index.ts';
import { storableText } from '../../privacy/index.ts';
import { standAside } from '../../resilience/index.ts';
import type { KeyedDigests, SecretSource } from '../../secrets/index.ts';
import type { Cursor, KeptSchedule, ScheduleStore, StoredSchedule } from '../../schedules/index.ts';
import { tagDigests, type JobTag } from '../find/job-tags.ts';
import { checkPauseOptions, type PauseOptions } from '../pauses/pause-target.ts';
import type { JobReceipt } from '../store/job-receipt.ts';
import {
  checkName,
  checkPage,
  checkSchedule,
  type CheckedSchedule,
  type NewSchedule,
  type SchedulePageOptions,
} from './check-schedule.ts';
import { scheduleView, type RunTimeSchedule } from './schedule-view.ts';
import { UnknownScheduleError } from './unknown-schedule-error.ts';

/** One of many that are made at once. */
export type NamedSchedule = NewSchedule & { readonly name: string };

/** A page of schedules, by their names. */
export interface SchedulePage {
  readonly schedules: readonly RunTimeSchedule[];
  /** Names of those whose record this release cannot read: `upsert` makes them anew, `remove` removes them. */
  readonly unreadable: readonly string[];
  /** Where there may be more: `after` of the next page. */
  readonly next: string | undefined;
}

export interface SchedulesContext {
  readonly engine: Engine;
  /** Of the app that the client was connected with. */
  readonly jobs: App['jobs'] | undefined;
  readonly secrets: SecretSource;
  readonly enqueue: (request: JobRequest) => Promise<JobReceipt>;
  /** Says what becomes of an engine that is away. */
  readonly asking: <Answer>(ask: () => Promise<Answer>) => Promise<Answer>;
}

type ScheduleRoom = Awaited<ReturnType<typeof loadRoom>>;

/** With the pauses between them: a second, in which dozens of others may have written it. */
const TRIES = 40;
/** Written together: the script that does it holds others up for about two milliseconds. */
const AT_ONCE = 500;
const RECENT = 4;
const MAKE_UP = 1_000;
const TEXT_KEPT = 500;

/**
 * Schedules that an app makes while it runs, such as a digest for each user at the hour that they chose: `client.schedules`. One index, no timer each: there may be
 * 100,000. What holds for those of the config holds for these: one job a slot, missed slots by a policy, time zones, one host that leads.
 *
 * Every method rejects with QueueUnavailableError while the engine is away.
 */
export class Schedules {
  readonly #context: SchedulesContext;

  constructor(context: SchedulesContext) {
    this.#context = context;
  }

  /**
   * Makes a schedule, or changes the one of that name: a repeat of the same changes nothing. One that is new, or whose time is another, begins with its
   * next slot; other data and options hold from the next slot on. A pause stays. Name: 1 to 200 characters without spaces, such as
   * `digest:user-7`; it is shown in logs and on pages.
   * @throws InvalidOptionsError, InvalidPayloadError, PayloadTooLargeError
   */
  async upsert(name: string, schedule: NewSchedule): Promise<RunTimeSchedule> {
    const [made] = await this.upsertMany([{ ...schedule, name }]);
    if (made === undefined) throw new TypeError('Expected an answer for the one schedule.');
    return made;
  }

  /**
   * As `upsert` for many of them, in few trips; a name stands once. All are checked before the first is written; where it rejects later some may be: a
   * repeat does the rest.
   * @throws as `upsert`
   */
  async upsertMany(schedules: readonly NamedSchedule[]): Promise<readonly RunTimeSchedule[]> {
    const given: unknown = schedules;
    if (!Array.isArray(given))
      throw new InvalidOptionsError(`Expected a list of schedules, each with its name, got ${kindOf(given)}.`);
    const room = await loadRoom();
    const all = new Map(schedules.map(each => checkNamed(each, room)));
    if (all.size < schedules.length)
      throw new InvalidOptionsError(
        `Expected each name once among the schedules, got ${all.size} names for ${schedules.length}.`,
      );
    const hasTags = [...all.values()].some(({ tags }) => tags !== undefined);
    const { asking, secrets } = this.#context;
    const digests = hasTags ? (await asking(() => secrets.load())).present : undefined;
    return this.#change([...all.keys()], (name, found, now) => {
      const given = all.get(name);
      return given && changed(room, found, given, digests, now);
    });
  }

  /** Undefined where there is none of that name. @throws InvalidOptionsError */
  async get(name: string): Promise<RunTimeSchedule | undefined> {
    checkName(name);
    return this.#asking(async (store, now) => {
      const [found] = (await store.get([name])).schedules;
      return found && scheduleView(found, now());
    });
  }

  /** By their names, a page at a time. @throws InvalidOptionsError */
  async list(page: SchedulePageOptions = {}): Promise<SchedulePage> {
    const checked = checkPage(page);
    return this.#asking(async (store, now) => {
      const { schedules, unreadable, next } = await store.list(checked);
      const views = schedules.map(each => scheduleView(each, now()));
      return { schedules: views, unreadable: unreadable.map(({ name }) => name), next };
    });
  }

  /** Its slots become no jobs until it is resumed, over restarts of everything. Answers whether it was running. @throws UnknownScheduleError */
  async pause(name: string, options: PauseOptions = {}): Promise<boolean> {
    const { by, reason } = checkPauseOptions(options);
    return this.#does(name, ({ schedule }, now) => {
      if (schedule.cursor.paused !== undefined) return undefined;
      const paused = { by: bounded(by), at: now, ...(reason !== undefined && { reason: bounded(reason) }) };
      return { schedule: { ...schedule, cursor: { ...schedule.cursor, paused } }, dueAt: undefined };
    });
  }

  /** It goes on with its next slot; what passed meanwhile is not made up for. Answers whether it was paused. @throws UnknownScheduleError */
  async resume(name: string): Promise<boolean> {
    const room = await loadRoom();
    return this.#does(name, ({ schedule }, now) => {
      const { paused, ...cursor } = schedule.cursor;
      if (paused === undefined) return undefined;
      const passed = room.dueSlots(room.knownSlots(schedule.when), cursor.slot, now, MAKE_UP);
      const [first] = passed;
      const record = first === undefined ? undefined : { at: first, what: 'paused' as const, count: passed.length };
      const recent = record === undefined ? cursor.recent : room.remember(cursor.recent, record, RECENT);
      const resumed: KeptSchedule = {
        ...schedule,
        cursor: { ...cursor, slot: now, ...(recent !== undefined && { recent }) },
      };
      return { schedule: resumed, dueAt: nextSlot(room, resumed) };
    });
  }

  /** Jobs that it has made stay. Answers whether there was one. @throws InvalidOptionsError */
  async remove(name: string): Promise<boolean> {
    checkName(name);
    return this.#asking(store => store.remove(name));
  }

  /** When it is due next, at most `count` times (1 to 100, five when left out), whether it is paused or not. @throws UnknownScheduleError, InvalidOptionsError */
  async nextRuns(name: string, count = 5): Promise<readonly number[]> {
    checkName(name);
    if (!Number.isInteger(count) || count < 1 || count > 100)
      throw new InvalidOptionsError(`Expected count to be an integer from 1 to 100, got ${count}.`);
    const room = await loadRoom();
    return this.#asking(async (store, now) => {
      const [found] = (await store.get([name])).schedules;
      if (found === undefined) throw new UnknownScheduleError(name);
      const slots = room.knownSlots(found.schedule.when);
      const runs: number[] = [];
      for (let next = slots.next(now()); next !== undefined && runs.length < count; next = slots.next(next))
        runs.push(next);
      return runs;
    });
  }

  /**
   * Enqueues its job now, beside its slots; also while it is paused. The client needs its app: `connect({ app })`.
   * @throws UnknownScheduleError, InvalidOptionsError without the app, or where that has no such contract; as `enqueue`
   */
  async run(name: string, { by = 'producer' }: Pick<PauseOptions, 'by'> = {}): Promise<JobReceipt> {
    checkName(name);
    const who = checkPauseOptions({ by }).by;
    const room = await loadRoom();
    const [found] = (await this.#asking(store => store.get([name]))).schedules;
    if (found === undefined) throw new UnknownScheduleError(name);
    const { contract: wanted, data, options: given } = found.schedule;
    const contract = this.#context.jobs?.get(wanted);
    if (contract === undefined) {
      throw new InvalidOptionsError(
        this.#context.jobs === undefined
          ? `Expected a client with an app to run a schedule, connect({ app }): its contract "${wanted}" is looked for there.`
          : `Expected the app to have the contract "${wanted}" of the schedule "${name}", found none of that name.`,
      );
    }
    const options = { ...given, idempotencyKey: `schedule at run time:${randomUUID()}` };
    const receipt = await this.#context.enqueue({ kind: 'job-request', contract, data, options });
    await this.#does(name, ({ schedule, dueAt }, at) => {
      const record = { at, what: 'by hand' as const, count: 1, jobId: receipt.id, by: bounded(who) };
      const recent = room.remember(schedule.cursor.recent, record, RECENT);
      return { schedule: { ...schedule, cursor: { ...schedule.cursor, recent } }, dueAt };
    }).catch((error: unknown) => {
      // Removed meanwhile: its job is queued all the same.
      if (!(error instanceof UnknownScheduleError)) throw error;
    });
    return receipt;
  }

  /** Answers whether it was changed. @throws UnknownScheduleError */
  async #does(name: string, to: (found: StoredSchedule, now: number) => Next | undefined): Promise<boolean> {
    checkName(name);
    let isChanged = false;
    await this.#change([name], (_, found, now) => {
      if (found === undefined) throw new UnknownScheduleError(name);
      const next = to(found, now);
      isChanged = next !== undefined;
      return next;
    });
    return isChanged;
  }

  /** Whoever leads writes a schedule at each slot: who meets that tries again. Undefined leaves one as it is. */
  #change(names: readonly string[], to: ToNext): Promise<readonly RunTimeSchedule[]> {
    return this.#asking(async (store, now) => {
      const views = new Map<string, RunTimeSchedule>();
      for (let from = 0; from < names.length; from += AT_ONCE) {
        let left = names.slice(from, from + AT_ONCE);
        for (let tried = 0; left.length > 0; tried += 1) {
          if (tried === TRIES) throw new Error(`The schedule "${left[0]}" changes too often to be changed now.`);
          await standAside(tried);
          left = await changeSome(store, left, Math.floor(now()), to, views);
        }
      }
      return names.flatMap(name => views.get(name) ?? []);
    });
  }

  #asking<Answer>(ask: (store: ScheduleStore, now: () => number) => Promise<Answer>): Promise<Answer> {
    const { asking, engine } = this.#context;
    return asking(async () => {
      const { openSchedules } = await loadRoom();
      await engine.clock.known();
      return ask(openSchedules(engine), () => engine.clock.now());
    });
  }
}

type Next = Pick<StoredSchedule, 'schedule' | 'dueAt'>;
type ToNext = (name: string, found: StoredSchedule | undefined, now: number) => Next | undefined;

/** Answers those that somebody else has changed meanwhile. */
async function changeSome(
  store: ScheduleStore,
  names: readonly string[],
  now: number,
  to: ToNext,
  views: Map<string, RunTimeSchedule>,
): Promise<string[]> {
  const { schedules, unreadable } = await store.get(names);
  const known = new Map(schedules.map(found => [found.name, found]));
  // One that cannot be read is none, and is written anew.
  const versions = new Map([...schedules, ...unreadable].map(found => [found.name, found.version]));
  const changes: StoredSchedule[] = [];
  for (const name of names) {
    const found = known.get(name);
    const next = to(name, found, now);
    if (next !== undefined) changes.push({ name, version: versions.get(name) ?? 0, ...next });
    else if (found !== undefined) views.set(name, scheduleView(found, now));
  }
  const written = await store.put(changes);
  for (const change of changes) if (written.has(change.name)) views.set(change.name, scheduleView(change, now));
  return changes.flatMap(({ name }) => (written.has(name) ? [] : [name]));
}

interface Given {
  readonly checked: CheckedSchedule;
  readonly tags: readonly JobTag[] | undefined;
  readonly by: string;
}

/** @throws InvalidOptionsError, InvalidPayloadError, PayloadTooLargeError */
function checkNamed(named: NamedSchedule, room: ScheduleRoom): [name: string, given: Given] {
  const given: unknown = named;
  if (typeof given !== 'object' || given === null)
    throw new InvalidOptionsError(
      `Expected each of the schedules to be an object with its name and its job, got ${kindOf(given)}.`,
    );
  const { name, ...schedule } = named;
  checkName(name);
  const { by } = checkPauseOptions({ ...(schedule.by !== undefined && { by: schedule.by }) });
  const { schedule: checked, tags } = checkSchedule(name, schedule, room.knownSlots);
  return [name, { checked, tags, by: bounded(by) }];
}

/** Undefined where nothing is different. */
function changed(
  room: ScheduleRoom,
  found: StoredSchedule | undefined,
  { checked: given, tags, by }: Given,
  digests: KeyedDigests | undefined,
  at: number,
): Next | undefined {
  const who = { by, at };
  const checked = digests === undefined || tags === undefined ? given : { ...given, tags: tagDigests(digests, tags) };
  if (found === undefined) {
    const made = { ...checked, incarnation: randomUUID().slice(0, 8), made: who, changed: who, cursor: { slot: at } };
    return { schedule: made, dueAt: nextSlot(room, made) };
  }
  const { hitch: _, tags: had, ...rest } = found.schedule;
  const before = tags === undefined || had === undefined ? rest : { ...rest, tags: had };
  if (isDeepStrictEqual({ ...before, ...checked }, before)) return undefined;
  const isSameTime = isDeepStrictEqual(before.when, checked.when);
  const cursor: Cursor = isSameTime ? before.cursor : { ...room.kept(before.cursor), slot: at };
  const schedule: KeptSchedule = { ...before, ...checked, changed: who, cursor };
  return { schedule, dueAt: nextSlot(room, schedule) };
}

function nextSlot(room: ScheduleRoom, { when, cursor }: KeptSchedule): number | undefined {
  return cursor.paused === undefined ? room.knownSlots(when).next(cursor.slot) : undefined;
}

/** Who makes no schedules must not load what reads a cron. */
function loadRoom() {
  return import('../../schedules/index.ts');
}

function bounded(text: string): string {
  return storableText(text.slice(0, TEXT_KEPT));
}
