// Long because each method of a turn queue is a statement with its parameters; what the statements do stands in sql/.
import type { PgPool } from 'bullmq';
import { joinable } from '../joinable-reads.ts';
import {
  AddTrips,
  afterReturn,
  FOR_GOOD,
  HELD_PRIORITY,
  PARKED_PRIORITY,
  pausedGroup,
  pauseName,
  stepsAmong,
  startPace,
  type AddAnswer,
  type ChangeableJob,
  type ChangeAnswer,
  type End,
  type GroupLimit,
  type GroupPause,
  type JobChange,
  type JobLock,
  type KeyHold,
  type NewJob,
  type NoteAnswer,
  type PausedBy,
  type PausedGroup,
  type Rest,
  type RunNote,
  type SettleAnswer,
  type StepAnswer,
  type StepRecord,
  type TaggedPage,
  type TaggedStep,
  type Turn,
  type TurnAnswer,
  TurnParts,
  type TurnQueue,
  type TurnQueueSettings,
  type UnfinishedPage,
  type UnfinishedStep,
} from '../../../turns/index.ts';
import { keepEvents } from '../keep-events.ts';
import { changeJob } from './change-job.ts';
import { writeEnd } from './ends.ts';
import { writeEntry } from './entries.ts';
import { heldInLines } from './sql/held-in-lines.ts';
import { NOTE, noteAnswers, noteParameters, type NoteRow } from './sql/note-sql.ts';
import { placeOfWalk, readJob, unfinishedJob, type JobRow } from './read-job.ts';
import { FIND_TAGGED } from './sql/tag-sql.ts';
import { UNFINISHED, type UnfinishedRow } from './sql/unfinished-sql.ts';
import { READ_STEPS, STEP_NAMES, STORE_STEP, SWEEP_STEPS, type StepRow } from './sql/step-sql.ts';
import { refusalOf, runStatement } from './statement.ts';
import type { WorkSigns } from './work-signs.ts';

export interface PostgresTurnQueueOptions {
  readonly pool: PgPool;
  readonly signs: WorkSigns;
  readonly name: string;
  /** Unique to this process: what it was answered last is remembered under it. */
  readonly sender: string;
  readonly settings?: TurnQueueSettings;
  /** How many minutes of BullMQ's metrics the queue keeps; 0: none. */
  readonly metricsKept?: number;
  /** How many events the queue keeps where it does not say so itself; BullMQ's own number when left out. */
  readonly eventsKept?: number;
}

/** The row of a turn that comes before its jobs. */
interface TurnRow {
  readonly codes: readonly number[];
  readonly next_at: string | null;
  readonly limited_ms: string;
  readonly held: string | null;
  /** Of a turn with limits: for each job, whether it finds out if a pause is over. */
  readonly probes?: readonly boolean[] | null;
}

interface AnswerRow {
  readonly answer: Exclude<AddAnswer['kind'], 'refused'>;
}

interface PauseRow {
  readonly name: string;
  readonly until: string;
  readonly probes: boolean;
}

interface NameRow {
  readonly name: string;
}

interface HeldRow {
  readonly held: string;
}

/** Up to where the last look for what is left of groups has come. */
interface SweptRow {
  readonly owners_from: string;
  readonly lines_from: string;
  /** Whether anything was left before it. */
  readonly anything: boolean;
}

interface AddedRow {
  readonly id: string;
}

const TURN = 'SELECT * FROM shiftwork_turn($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)';
const TURN_WITHIN =
  'SELECT * FROM shiftwork_turn_within($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)';
const ADD = 'SELECT id, answer FROM shiftwork_add($1, $2)';
/** Where some of them await the turn of their group. */
const ADD_FAIR = 'SELECT id, answer FROM shiftwork_add_fair($1, $2)';
const HOLD = 'SELECT shiftwork_hold_key($1, $2, $3, $4, $5, shiftwork_now()) AS id';
const EXTEND = 'SELECT id FROM shiftwork_extend($1, $2, $3, $4) AS id';
/** What processes that are gone were answered is forgotten after an hour. */
const FORGOTTEN = 'forgotten AS (DELETE FROM shiftwork_turn_done WHERE queue = $1 AND done_at < $3::bigint - 3600000)';
/** Results that nobody may ask for any more. */
const EXPIRED = 'expired AS (DELETE FROM shiftwork_result WHERE expires_at < clock_timestamp())';
/** Starts of groups that have become idle, some at each look: a turn that starts jobs of one of them waits for none of it. */
const IDLE = `idle AS (DELETE FROM shiftwork_group_start WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM shiftwork_group_start WHERE queue = $1 AND over < $3::bigint - 60000
     ORDER BY over LIMIT 10000 FOR UPDATE SKIP LOCKED)))`;
/** Keys that stand no longer, and the digests beside them. */
const FREE = `free AS (DELETE FROM dedup WHERE queue = $1 AND expire_at_ms < $3::bigint),
  digests AS (DELETE FROM shiftwork_key WHERE queue = $1 AND until_ms < $3::bigint)`;
/**
 * Where another program has taken a job, its place in a line means nothing. One that awaits the turn of its group is kept while the whole group is.
 */
const KEPT_BY = `SELECT line.name FROM shiftwork_group_line line JOIN job ON job.queue = line.queue AND job.id = line.id
    LEFT JOIN shiftwork_group grp ON grp.queue = line.queue AND grp.name = line.name
  WHERE line.queue = $1 AND line.id = $2 AND job.state = 'waiting' AND line.name = ANY ($5)
    AND (job.priority >= $4 OR (job.priority >= $3 AND grp.look_at > 0))`;
const HELD = `SELECT (SELECT count(*) FROM job WHERE queue = $1 AND state = 'waiting' AND priority >= $3) + (
    SELECT count(*) FROM (${heldInLines('$1', '$2', '$3')}) AS kept
  ) AS held`;
const SWEEP_GROUPS = `
  SELECT swept.*, EXISTS (SELECT FROM shiftwork_group_line WHERE queue = $1) OR EXISTS (SELECT FROM shiftwork_group_owner WHERE queue = $1) AS anything
    FROM shiftwork_sweep_groups($1, $2, $3) AS swept`;
const STALLED = 'SELECT id FROM move_stalled_jobs_to_wait($1, $2, $3, $4) AS id';

/** A larger one would keep rows locked, and others waiting, for longer than it saves trips. A second one at the same time might be taken up first. */
const TRIPS = { most: 200, underWay: 1 };
/** More than a sender ever has under way. */
const SLOTS = 16;

/** When a job of another process ends nobody is notified: a queue that is full is asked again after so long. */
const FULL_MS = 500;

/** Where groups are few, turns side by side want the same ones: they are tried anew after so many. */
const ALONE_FOR = 100;

const ANSWERS: Readonly<Record<number, Exclude<SettleAnswer['kind'], 'refused'>>> = {
  0: 'settled',
  [-1]: 'missing',
  // On PostgreSQL whatever is not active is held by nobody.
  [-3]: 'lock-lost',
  [-4]: 'waits-for-children',
  [-6]: 'taken-over',
  [-9]: 'children-failed',
};

/** Where it ends sooner than it said before, nobody waits until then. */
const PAUSE_GROUP = `
  WITH before AS (SELECT until FROM shiftwork_group_pause WHERE queue = $1 AND name = $2),
  looked AS (
    UPDATE shiftwork_group SET look_at = 0
     WHERE queue = $1 AND (name = $5 OR split_part(name, '/', 1) = $5) AND EXISTS (SELECT FROM before WHERE until > $3)
    RETURNING 1)
  SELECT shiftwork_pause_group($1, $2, $3, $4), CASE WHEN EXISTS (SELECT FROM looked) THEN pg_notify('bullmq_jobs', $1) END`;
const PAUSES = joinable(
  ['text'],
  'SELECT name, until, probes FROM shiftwork_group_pause WHERE queue = $1 ORDER BY name',
);

/** Add, take and settle on BullMQ's own tables, each in one statement. */
export class PostgresTurnQueue implements TurnQueue {
  readonly name: string;
  /** A statement keeps no other client waiting, and each is a commit. */
  readonly jobsATurn = 200;
  readonly #options: PostgresTurnQueueOptions;
  readonly #trips: AddTrips;
  /** Of turns with an end that cannot be stored. */
  readonly #parts = new TurnParts<readonly SettleAnswer[]>();
  /** Ids of the turns that are under way, or whose answers were lost. */
  readonly #slots: (string | undefined)[] = [];

  /** As many jobs of the queue run, in all processes, as may run at once. */
  #isFull = false;
  /** So many turns are alone, since two side by side wanted the same groups. */
  #aloneFor = 0;
  /** Something of a queue without limits is paused, as far as is known. */
  #isGrouped = false;

  /** Where the next look for what is left of groups goes on: among owners, and among places in lines. */
  #swept: readonly [string, string] = ['', ''];
  /** Also where the queue has no limits: it may have had some. */
  #isAnythingLeft = true;

  #isEventsKept: boolean;

  constructor(options: PostgresTurnQueueOptions) {
    this.name = options.name;
    this.#options = options;
    this.#isEventsKept = options.eventsKept === undefined;
    this.#trips = new AddTrips({ ...TRIPS, send: jobs => this.#add(jobs) });
  }

  add(jobs: readonly NewJob[]): Promise<readonly AddAnswer[]> {
    return this.#trips.add(jobs);
  }

  /** One entry that cannot be stored fails the statement: it is found by halving, and the others are added. */
  async #add(jobs: readonly NewJob[]): Promise<readonly AddAnswer[]> {
    if (!this.#isEventsKept) this.#keepEvents();
    try {
      const entries = `[${jobs.map(writeEntry).join(',')}]`;
      const add = jobs.some(({ opts }) => opts.fair !== undefined) ? ADD_FAIR : ADD;
      const rows = await runStatement<AddedRow & AnswerRow>(this.#options.pool, add, [this.name, entries]);
      return rows.map(({ id, answer }) => ({ kind: answer, id }));
    } catch (cause) {
      const reason = refusalOf(cause);
      if (reason === undefined) throw cause;
      if (jobs.length <= 1) return jobs.map(() => ({ kind: 'refused', reason }));
    }
    const half = Math.ceil(jobs.length / 2);
    return [...(await this.#add(jobs.slice(0, half))), ...(await this.#add(jobs.slice(half)))];
  }

  /** Once; no job waits for it. */
  #keepEvents(): void {
    this.#isEventsKept = true;
    const { pool, eventsKept = 0 } = this.#options;
    keepEvents(pool, [this.name], eventsKept).catch(() => (this.#isEventsKept = false));
  }

  async turn(turn: Turn): Promise<TurnAnswer> {
    try {
      return await this.#turn(turn);
    } catch (cause) {
      const reason = refusalOf(cause);
      if (reason === undefined || turn.ends.length === 0) throw cause;
      const settled = await this.#settleParts(turn.id, turn, reason);
      const taken = turn.take && (await this.#turn({ ...turn, id: `${turn.id}:take`, ends: [] }));
      this.#parts.forget(turn.id);
      return { settled, jobs: taken?.jobs ?? [], rest: taken?.rest };
    }
  }

  /** One end that cannot be stored has undone the whole turn: it is found by halving, and the others are settled. */
  async #settleParts(whole: string, { id, now, ends }: Turn, reason: string): Promise<readonly SettleAnswer[]> {
    if (ends.length === 1) return [{ kind: 'refused', reason }];
    const half = Math.ceil(ends.length / 2);
    const settled: SettleAnswer[] = [];
    for (const [nth, part] of [ends.slice(0, half), ends.slice(half)].entries()) {
      const turn = { id: `${id}.${nth}`, now, ends: part, take: undefined };
      const answers = this.#parts.get(whole, turn.id) ?? (await this.#settlePart(whole, turn));
      this.#parts.set(whole, turn.id, answers);
      settled.push(...answers);
    }
    return settled;
  }

  async #settlePart(whole: string, turn: Turn): Promise<readonly SettleAnswer[]> {
    try {
      return (await this.#turn(turn)).settled;
    } catch (cause) {
      const reason = refusalOf(cause);
      if (reason === undefined) throw cause;
      return this.#settleParts(whole, turn, reason);
    }
  }

  async #turn(turn: Turn): Promise<TurnAnswer> {
    const { pool, sender, settings = {}, metricsKept = 0 } = this.#options;
    const { id, now, ends, take } = turn;
    const { slot, again } = this.#slotOf(id);
    const limits = settings.limits ?? (this.#isGrouped ? [] : undefined);
    const within = limits && [
      writeLimits(limits),
      [...new Set(ends.flatMap(({ groups = [] }) => groups))],
      JSON.stringify(Object.fromEntries(take?.expiresAfterMs ?? [])),
      this.#aloneFor > 0,
    ];
    const rows = await runStatement<TurnRow & JobRow>(pool, within === undefined ? TURN : TURN_WITHIN, [
      this.name,
      ends.length === 0 ? null : writeEnds(ends, now),
      metricsKept,
      take?.tokens ?? [],
      take?.lockMs ?? 0,
      take?.worker ?? '',
      settings.rate?.max ?? null,
      settings.rate?.perMs ?? null,
      take?.maxBytes ?? 0,
      now,
      sender,
      slot,
      id,
      again,
      ...(within ?? []),
    ]).catch((cause: unknown) => {
      // The server has said no: nothing of it was done, and nobody asks for its answer.
      if (refusalOf(cause) !== undefined) this.#slots[slot] = undefined;
      throw cause;
    });
    const [head, ...jobs] = rows;
    if (head === undefined) throw new TypeError('Expected a row about the turn.');
    const settled = head.codes.map((code): SettleAnswer => ({ kind: ANSWERS[code] ?? 'missing' }));
    this.#isGrouped = head.held === 'grouped' || (within !== undefined && (head.held !== null || jobs.length > 0));
    if (head.held === 'grouped') {
      const { jobs: found, rest } = await this.#turn({ ...turn, id: `${id}:within`, ends: [] });
      this.#slots[slot] = undefined;
      return { settled, jobs: found, rest };
    }
    this.#slots[slot] = undefined;
    if (within !== undefined) this.#aloneFor = head.held === 'alone' ? ALONE_FOR : Math.max(this.#aloneFor - 1, 0);
    this.#isFull = head.held === 'concurrency';
    return {
      settled,
      jobs: jobs.map((row, index) =>
        head.probes?.[index] === true ? { ...readJob(row), probing: true } : readJob(row),
      ),
      rest: take && restOf(head, jobs.length, take.tokens.length),
    };
  }

  /** A turn that comes again has the slot that it had. */
  #slotOf(id: string): { readonly slot: number; readonly again: boolean } {
    const known = this.#slots.indexOf(id);
    if (known !== -1) return { slot: known, again: true };
    const free = this.#slots.indexOf(undefined);
    const slot = free === -1 ? this.#slots.length % SLOTS : free;
    this.#slots[slot] = id;
    return { slot, again: false };
  }

  change(jobId: string, now: number, decide: (job: ChangeableJob) => JobChange): Promise<ChangeAnswer> {
    return changeJob(this.#options.pool, this.name, jobId, now, decide);
  }

  async bringForward(jobId: string): Promise<void> {
    await runStatement(this.#options.pool, 'SELECT shiftwork_bring_forward($1, $2)', [this.name, jobId]);
  }

  /** One note that cannot be stored fails the statement: it is found by halving, and the others are written. */
  async note(notes: readonly RunNote[]): Promise<readonly NoteAnswer[]> {
    if (notes.length === 0) return [];
    try {
      const rows = await runStatement<NoteRow>(this.#options.pool, NOTE, noteParameters(this.name, notes));
      return noteAnswers(notes, rows);
    } catch (cause) {
      if (refusalOf(cause) === undefined) throw cause;
      if (notes.length === 1) return [{ kind: 'refused' }];
    }
    const half = Math.ceil(notes.length / 2);
    return [...(await this.note(notes.slice(0, half))), ...(await this.note(notes.slice(half)))];
  }

  async holdKey(jobId: string, { id, forMs, data }: KeyHold): Promise<string> {
    const values = [this.name, jobId, id, forMs ?? null, data ?? null];
    const rows = await runStatement<AddedRow>(this.#options.pool, HOLD, values);
    return rows[0]?.id ?? jobId;
  }

  async stepNames(jobId: string): Promise<readonly string[]> {
    const rows = await runStatement<{ readonly name: string }>(this.#options.pool, STEP_NAMES, [this.name, jobId]);
    return stepsAmong(rows.map(({ name }) => name));
  }

  async tagged({ digests, most, name, before }: TaggedStep): Promise<TaggedPage> {
    const params = [this.name, digests, most, name ?? null, before ?? null];
    const rows = await runStatement<AddedRow>(this.#options.pool, FIND_TAGGED, params);
    const ids = rows.map(({ id }) => id);
    return { ids, next: ids.length < most ? undefined : ids.at(-1) };
  }

  async unfinished({ states, from, most, holds = '' }: UnfinishedStep): Promise<UnfinishedPage> {
    const place = placeOfWalk(from);
    const sets = [...UNFINISHED.entries()].filter(([nth, { state }]) => nth >= place.nth && states.includes(state));
    const [[nth, set] = [], [then] = []] = sets;
    if (nth === undefined || set === undefined) return { jobs: [], looked: 0, next: undefined };
    const [major, minor] = nth === place.nth && place.behind !== undefined ? place.behind : set.first;
    const rows = await runStatement<UnfinishedRow>(this.#options.pool, set.sql, [this.name, major, minor, most, holds]);
    const last = rows.length < most ? undefined : rows.at(-1);
    const next = last !== undefined ? [nth, last.major, last.minor] : then === undefined ? undefined : [then];
    const jobs = rows.flatMap(row => (row.opts === null ? [] : [unfinishedJob(row, row.opts, set.state)]));
    return { jobs, looked: rows.length, next: next && JSON.stringify(next) };
  }

  /** Triggers have taken them along. */
  async sweepTags(): Promise<void> {}

  async storeStep({ jobId, token, name, result }: StepRecord): Promise<StepAnswer> {
    try {
      const params = [this.name, jobId, token, name, result];
      const rows = await runStatement<StepRow>(this.#options.pool, STORE_STEP, params);
      return rows.length > 0 ? 'stored' : 'lost';
    } catch (cause) {
      if (refusalOf(cause) === undefined) throw cause;
      return 'refused';
    }
  }

  async readSteps({ jobId, token }: JobLock): Promise<ReadonlyMap<string, string> | undefined> {
    const rows = await runStatement<StepRow>(this.#options.pool, READ_STEPS, [this.name, jobId, token]);
    if (rows.length === 0) return undefined;
    return new Map(
      rows.flatMap(({ name, result }) => (name === null || result === null ? [] : [[name, result] as const])),
    );
  }

  async extendLocks(locks: readonly JobLock[], lockMs: number): Promise<readonly string[]> {
    if (locks.length === 0) return [];
    const ids = locks.map(({ jobId }) => jobId);
    const tokens = locks.map(({ token }) => token);
    const rows = await runStatement<AddedRow>(this.#options.pool, EXTEND, [this.name, ids, tokens, lockMs]);
    return rows.map(({ id }) => id);
  }

  async returnStalled(now: number, everyMs: number, mostStalls: number): Promise<readonly string[]> {
    const { pool, settings = {} } = this.#options;
    const always = [FORGOTTEN, FREE, EXPIRED, SWEEP_STEPS];
    const parts = settings.limits === undefined ? always : [...always, IDLE];
    const statement = `WITH ${parts.join(', ')} ${STALLED}`;
    const rows = await runStatement<AddedRow>(pool, statement, [this.name, mostStalls, now, everyMs]);
    if (settings.limits !== undefined || this.#isGrouped || this.#isAnythingLeft)
      await afterReturn(rows, this.#sweepGroups());
    return rows.map(({ id }) => id);
  }

  async #sweepGroups(): Promise<void> {
    const [swept] = await runStatement<SweptRow>(this.#options.pool, SWEEP_GROUPS, [this.name, ...this.#swept]);
    this.#swept = swept === undefined ? ['', ''] : [swept.owners_from, swept.lines_from];
    this.#isAnythingLeft = swept?.anything ?? false;
  }

  async pauseGroup(group: string, { by, until, probes }: GroupPause): Promise<void> {
    const args = [this.name, pauseName(group, by), Math.ceil(Math.min(until, FOR_GOOD)), probes, group];
    await runStatement(this.#options.pool, PAUSE_GROUP, args);
  }

  async resumeGroup(group: string, by: PausedBy): Promise<void> {
    await runStatement(this.#options.pool, 'SELECT shiftwork_resume_group($1, $2)', [this.name, pauseName(group, by)]);
  }

  async pauses(): Promise<readonly PausedGroup[]> {
    const rows = await runStatement<PauseRow>(this.#options.pool, PAUSES, [this.name]);
    return rows.map(({ name, until, probes }) => pausedGroup(name, Number(until), probes));
  }

  async keptBy(jobId: string, groups: readonly string[]): Promise<string | undefined> {
    const rows = await runStatement<NameRow>(this.#options.pool, KEPT_BY, [
      this.name,
      jobId,
      PARKED_PRIORITY,
      HELD_PRIORITY,
      groups,
    ]);
    return rows[0]?.name;
  }

  async held(): Promise<number> {
    const rows = await runStatement<HeldRow>(this.#options.pool, HELD, [this.name, PARKED_PRIORITY, HELD_PRIORITY]);
    return Number(rows[0]?.held ?? 0);
  }

  waitForWork(now: number, until: number | undefined, signal: AbortSignal): Promise<void> {
    const dueInMs = until === undefined ? undefined : until - now;
    return this.#options.signs.wait(this.name, this.#isFull ? Math.min(FULL_MS, dueInMs ?? FULL_MS) : dueInMs, signal);
  }
}

function writeEnds(ends: readonly End[], now: number): string {
  return `[${ends.map(end => writeEnd(end, now)).join(',')}]`;
}

/** What `shiftwork_kept_by` reads: by name. */
function writeLimits(limits: readonly GroupLimit[]): string {
  const written = limits.map(({ name, concurrency, rate, strict = false, fair = false, tiered = false }) => {
    const pace = rate && startPace(rate);
    const numbers = pace && { max: pace.max, window: pace.windowMs, interval: pace.intervalMs, slack: pace.slackMs };
    return [
      name,
      {
        ...(concurrency !== undefined && { concurrency }),
        ...(strict && { strict }),
        ...(fair && { fair }),
        ...(tiered && { tiered }),
        ...numbers,
      },
    ] as const;
  });
  return JSON.stringify(Object.fromEntries(written));
}

function restOf(head: TurnRow, taken: number, wanted: number): Rest {
  if (taken === wanted || head.held === 'bytes' || head.held === 'alone') return { kind: 'more' };
  const limitedMs = Number(head.limited_ms);
  if (limitedMs > 0) return { kind: 'limited', forMs: limitedMs };
  if (head.held !== null) return { kind: 'blocked' };
  return { kind: 'none', delayedUntil: head.next_at === null ? undefined : Number(head.next_at) };
}
