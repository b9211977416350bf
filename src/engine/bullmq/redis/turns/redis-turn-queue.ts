// Long because each method of a turn queue is a script with its keys and arguments; what the scripts do stands in scripts/.
import type { Redis } from 'ioredis';
import type { RedisClient } from '../../../../redis/index.ts';
import { memberEnd, memberText } from '../../../batches/index.ts';
import {
  AddTrips,
  afterReturn,
  FOR_GOOD,
  pausedGroup,
  pauseName,
  stepsAmong,
  type AddAnswer,
  type ChangeableJob,
  type ChangeAnswer,
  type End,
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
  type TakenJob,
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
import { PARSED, readJob, storedJob, unfinishedJobs, type ReadJob } from './read-job.ts';
import { ADD_KEYS, ADD_SCRIPT } from './scripts/add-script.ts';
import { REMEMBERED_MS } from './scripts/prelude.ts';
import { BRING_FORWARD, COUNT_HELD, PAUSE_GROUP, RESUME_GROUP, SWEEP_GROUPS_SCRIPT } from './scripts/group-verbs.ts';
import { GROUP_KEYS } from './scripts/groups.ts';
import { CHANGE_SCRIPT } from './scripts/change-script.ts';
import { NOTE_SCRIPT, noteAnswer } from './scripts/note-script.ts';
import { HOLD_KEY_SCRIPT } from './scripts/hold-key.ts';
import { FIND_TAGGED_SCRIPT, SWEEP_TAGS_SCRIPT, TAG_INDEX } from './scripts/tag-scripts.ts';
import { READ_STEPS_SCRIPT, STEP_FIELD, STORE_STEP_SCRIPT } from './scripts/step-scripts.ts';
import { MEMBERS_ENDED } from './scripts/settle.ts';
import { UNFINISHED_SCRIPT, UNFINISHED_SETS } from './scripts/unfinished-script.ts';
import { LIMITED_TURN_SCRIPT, TURN_KEYS, TURN_SCRIPT } from './scripts/turn-script.ts';
import type { LostSigns } from './lost-signs.ts';
import { Script } from './script.ts';
import { settleAnswer, StockScripts } from './stock-scripts.ts';
import { WorkSignal } from './work-signal.ts';
import { addAnswer, addArguments, isPlain } from './write-add.ts';
import { limitArguments, turnArguments } from './write-turn.ts';

export interface RedisTurnQueueOptions {
  readonly redis: RedisClient;
  /** Makes a connection for a read that blocks. */
  readonly blocking: () => Redis;
  readonly lostSigns?: LostSigns;
  readonly prefix: string;
  readonly name: string;
  /** Unique to this object: what it has sent is remembered under it for a minute. */
  readonly sender: string;
  readonly settings?: TurnQueueSettings;
  /** How many minutes of BullMQ's metrics the queue keeps; 0: none. */
  readonly metricsKept?: number;
  /** How many events the queue keeps where it does not say so itself; BullMQ's own number when left out. */
  readonly eventsKept?: number;
  /** For tests that count what was reached, or break what is tested. */
  readonly scripts?: { readonly turn: string; readonly add: string; readonly limited?: string };
}

/**
 * With more jobs a trip would keep other clients of that Redis waiting: measured, 64 take it 0.8 ms. One trip is being answered, and one is
 * behind it on the same connection, so that neither side waits for the other. In a Cluster one alone: a trip that its node sends on to another would be
 * overtaken by the one behind it.
 */
const TRIPS = { most: 64, underWay: 2 };
const TRIPS_IN_CLUSTER = { ...TRIPS, underWay: 1 };
const REMEMBERED_ANEW_MS = 15_000;
/** More than a sender ever has under way. */
const SLOTS = 16;
/** Where those stand that were set aside: see scripts/groups.ts. */
const HELD_SCORE = 2 ** 54;
/** And those that await the turn of their group. */
const PARKED_SCORE = 2 ** 53;
/** BullMQ's answer that a job asks for its own script: see scripts/settle.ts. */
const RARE = 1;
/** How a job is answered: see scripts/prelude.ts. */
const TAKEN_BEFORE = 1;
const PROBING = 2;
const NONE: ReadonlyMap<string, number> = new Map();

/** What was given its time then has nearly all of it left. */
function isRecent(rememberedAt: number | undefined, now: number): boolean {
  return rememberedAt !== undefined && now - rememberedAt < REMEMBERED_ANEW_MS;
}

/** Add, take and settle on BullMQ's own data layout. */
export class RedisTurnQueue implements TurnQueue {
  readonly name: string;
  readonly signStays = true;
  readonly #options: RedisTurnQueueOptions;
  readonly #key: string;
  readonly #turnKeys: readonly string[];
  readonly #addKeys: readonly string[];
  readonly #groupKeys: readonly string[];
  readonly #turnScript: Script;
  readonly #limitedScript: Script;
  readonly #pauseScript: Script;
  readonly #resumeScript: Script;
  readonly #forwardScript: Script;
  readonly #heldScript: Script;
  readonly #addScript: Script;
  readonly #changeScript: Script;
  readonly #noteScript: Script;
  readonly #holdScript: Script;
  readonly #storeStepScript: Script;
  readonly #readStepsScript: Script;
  readonly #taggedScript: Script;
  readonly #unfinishedScript: Script;
  readonly #sweepScript: Script;
  readonly #sweepGroupsScript: Script;
  readonly #stock: StockScripts;
  readonly #trips: AddTrips;
  /** Of turns with ends that go through BullMQ's script: what ours has answered, and when (this process's time). */
  readonly #begun = new TurnParts<DoneTurn & { readonly at: number }>();
  /** What BullMQ's script has answered; undecided where its answer was lost. */
  readonly #finished = new TurnParts<SettleAnswer | 'in doubt'>();
  /** Ids of the turns that are under way, or whose answers were lost. */
  readonly #slots: (string | undefined)[] = [];
  /** When each slot's memory of its last turn was given its time, by this process's own clock. */
  readonly #rememberedAt: (number | undefined)[] = [];
  /** The same of the slots of adds. */
  readonly #addsRememberedAt: (number | undefined)[] = [];
  #signal: WorkSignal | undefined;
  /** Something of a queue without limits is paused, as far as is known. */
  #isGrouped = false;
  #isEventsKept: boolean;
  #tripCount = 0;
  #swept = '0';
  #sweptGroups = '0';
  /** Also where the queue has no limits: it may have had some. */
  #isAnythingLeft = true;

  constructor(options: RedisTurnQueueOptions) {
    const { redis, prefix, name, scripts, metricsKept = 0 } = options;
    this.name = name;
    this.#options = options;
    this.#isEventsKept = options.eventsKept === undefined;
    this.#key = `${prefix}:${name}:`;
    this.#turnKeys = TURN_KEYS.map(key => this.#key + key);
    this.#groupKeys = GROUP_KEYS.map(key => this.#key + key);
    this.#addKeys = ADD_KEYS.map(key => this.#key + key);
    const { turn = TURN_SCRIPT, limited = LIMITED_TURN_SCRIPT } = scripts ?? {};
    this.#turnScript = new Script(redis, turn);
    this.#limitedScript = new Script(redis, limited);
    this.#pauseScript = new Script(redis, PAUSE_GROUP);
    this.#resumeScript = new Script(redis, RESUME_GROUP);
    this.#forwardScript = new Script(redis, BRING_FORWARD);
    this.#heldScript = new Script(redis, COUNT_HELD);
    this.#addScript = new Script(redis, scripts?.add ?? ADD_SCRIPT);
    this.#changeScript = new Script(redis, CHANGE_SCRIPT);
    this.#noteScript = new Script(redis, NOTE_SCRIPT);
    this.#holdScript = new Script(redis, HOLD_KEY_SCRIPT);
    this.#storeStepScript = new Script(redis, STORE_STEP_SCRIPT);
    this.#readStepsScript = new Script(redis, READ_STEPS_SCRIPT);
    this.#taggedScript = new Script(redis, FIND_TAGGED_SCRIPT);
    this.#unfinishedScript = new Script(redis, UNFINISHED_SCRIPT);
    this.#sweepScript = new Script(redis, SWEEP_TAGS_SCRIPT);
    this.#sweepGroupsScript = new Script(redis, SWEEP_GROUPS_SCRIPT);
    this.#stock = new StockScripts(redis, prefix, name, metricsKept);
    this.#trips = new AddTrips({
      ...(redis.isCluster ? TRIPS_IN_CLUSTER : TRIPS),
      send: jobs => this.#add(jobs),
      shares: isPlain,
    });
  }

  add(jobs: readonly NewJob[]): Promise<readonly AddAnswer[]> {
    return this.#trips.add(jobs);
  }

  async turn(turn: Turn): Promise<TurnAnswer> {
    const begun = this.#begun.get(turn.id, 'ends');
    const done = begun ?? (await this.#turn(turn));
    if (done.rare.length === 0) return done;
    const at = begun?.at ?? performance.now();
    this.#begun.set(turn.id, 'ends', { ...done, at });
    // They come before the take, which the script has left out.
    const settled = [...done.settled];
    for (const { index, end } of done.rare) settled[index] = await this.#finish(turn, end, at);
    const released = done.rare.flatMap(({ index, end }) => (settled[index]?.kind === 'settled' ? [end] : []));
    const taken = turn.take && (await this.#turn({ ...turn, id: `${turn.id}:take`, ends: [] }, released));
    this.#begun.forget(turn.id);
    this.#finished.forget(turn.id);
    return { settled, jobs: taken?.jobs ?? [], rest: taken?.rest };
  }

  /** Writes an end with BullMQ's script, once. `heldSince`: when the job was known to be the sender's. */
  async #finish({ id, now }: Turn, end: End, heldSince: number): Promise<SettleAnswer> {
    const known = this.#finished.get(id, end.token);
    if (known !== undefined && known !== 'in doubt') return known;
    this.#finished.set(id, end.token, 'in doubt');
    const answer = await this.#stock.finish(end, { now, heldSince, isAgain: known !== undefined });
    if (answer.kind === 'settled') await this.#afterFinish(end);
    this.#finished.set(id, end.token, answer);
    return answer;
  }

  async #afterFinish({ jobId, end }: End): Promise<void> {
    const key = 'key' in end ? end.key : undefined;
    // BullMQ's script has freed it.
    if (key !== undefined) await this.holdKey(jobId, key);
    // Where the process dies before this, the look at batches finds that the job has ended.
    const member = memberEnd(jobId, end);
    if (member !== undefined) await this.#options.redis.hset(this.#key + MEMBERS_ENDED, jobId, memberText(member));
  }

  /** `released`: ends that were written before. */
  async #turn(turn: Turn, released: readonly End[] = []): Promise<DoneTurn> {
    const { sender, settings = {}, metricsKept = 0 } = this.#options;
    const slot = this.#slotOf(turn.id);
    const sentAt = performance.now();
    const isFresh = isRecent(this.#rememberedAt[slot], sentAt);
    const rememberedMs = isFresh ? undefined : REMEMBERED_MS;
    const args = turnArguments(this.#key, turn, settings, { metricsKept, rememberedMs });
    const keys = [...this.#turnKeys, `${this.#key}answers:${sender}:${slot}`];
    const isWithin = settings.limits !== undefined || this.#isGrouped;
    const raw: unknown = isWithin
      ? await this.#limitedScript.run(
          [...keys, ...this.#groupKeys],
          [...args, ...limitArguments(settings.limits ?? [], turn.ends, released, turn.take?.expiresAfterMs ?? NONE)],
        )
      : await this.#turnScript.run(keys, args);
    if (!Array.isArray(raw)) throw new TypeError('Expected a list from the script of a turn.');
    const answer: readonly unknown[] = raw;
    const [kind, detail] = answer;
    const jobsAt = 2 + turn.ends.length;
    const codes = answer.slice(2, jobsAt);
    // A turn that found nothing to do is not remembered.
    if (!isFresh && answer.length > 2) this.#rememberedAt[slot] = sentAt;
    // Where nothing waits any more, the next turn finds out anew.
    this.#isGrouped = kind === 'grouped' || (isWithin && kind !== 'none');
    if (kind === 'grouped') {
      const { jobs, rest } = await this.#turn({ ...turn, id: `${turn.id}:within`, ends: [] });
      this.#slots[slot] = undefined;
      return { settled: codes.map(settleAnswer), jobs, rest, rare: [] };
    }
    this.#slots[slot] = undefined;
    const rare: { readonly index: number; readonly end: End }[] = [];
    const settled = codes.map((code, index): SettleAnswer => {
      const end = turn.ends[index];
      if (code === RARE && end !== undefined) rare.push({ index, end });
      return settleAnswer(code);
    });
    const jobs: TakenJob[] = [];
    for (let at = jobsAt; at < answer.length; at += 4) {
      const token = turn.take?.tokens[Number(answer[at + 1]) - 1] ?? '';
      const how = answer[at + 3];
      const read = readJob(
        String(answer[at]),
        token,
        storedJob(listOf(answer[at + 2])),
        how !== TAKEN_BEFORE,
        turn.now,
      );
      if (read.unreadable.length > 0) await this.#repair(read);
      jobs.push(how === PROBING ? { ...read.job, probing: true } : read.job);
    }
    return { settled, jobs, rest: turn.take && restOf(kind, detail), rare };
  }

  /** A turn that comes again has the slot that it had. */
  #slotOf(id: string): number {
    const known = this.#slots.indexOf(id);
    if (known !== -1) return known;
    const free = this.#slots.indexOf(undefined);
    const slot = free === -1 ? this.#slots.length % SLOTS : free;
    this.#slots[slot] = id;
    return slot;
  }

  async #add(jobs: readonly NewJob[]): Promise<readonly AddAnswer[]> {
    if (!this.#isEventsKept) this.#keepEvents();
    const [first] = jobs;
    if (first !== undefined && !isPlain(first)) return [{ kind: 'stands', id: await this.#stock.addOne(first) }];
    this.#tripCount += 1;
    const slot = this.#tripCount % SLOTS;
    const sent = `${this.#key}sent:${this.#options.sender}:${slot}`;
    const sentAt = performance.now();
    const isFresh = isRecent(this.#addsRememberedAt[slot], sentAt);
    const args = addArguments(this.#key, this.#tripCount, jobs, isFresh ? undefined : REMEMBERED_MS);
    const answers: unknown = await this.#addScript.run([...this.#addKeys, sent], args);
    if (!isFresh) this.#addsRememberedAt[slot] = sentAt;
    return listOf(answers).map(addAnswer);
  }

  /** Before the first job, on the same connection, once. */
  #keepEvents(): void {
    this.#isEventsKept = true;
    const { redis, eventsKept = 0 } = this.#options;
    keepEvents(redis, this.#key, eventsKept).catch(() => (this.#isEventsKept = false));
  }

  change(jobId: string, now: number, decide: (job: ChangeableJob) => JobChange): Promise<ChangeAnswer> {
    const { redis } = this.#options;
    return changeJob({ redis, script: this.#changeScript, prefix: this.#key, jobId, now, decide });
  }

  async bringForward(jobId: string): Promise<void> {
    const keys = ['prioritized', 'active', 'meta', 'marker', jobId].map(key => this.#key + key);
    await this.#forwardScript.run(keys, [jobId]);
  }

  /** Sent together: one trip. Each stands alone, so that a job that is damaged takes no other along. */
  note(notes: readonly RunNote[]): Promise<readonly NoteAnswer[]> {
    return Promise.all(notes.map(note => this.#note(note)));
  }

  async #note({ jobId, token, lines, mostLines, progress }: RunNote): Promise<NoteAnswer> {
    const key = this.#key + jobId;
    const keys = [key, `${key}:lock`, `${key}:logs`, `${this.#key}events`, `${this.#key}meta`];
    const args = [jobId, token, mostLines, progress?.from ?? '', progress?.to ?? '', ...lines];
    return noteAnswer(await this.#noteScript.run(keys, args));
  }

  async holdKey(jobId: string, { id, forMs, data }: KeyHold): Promise<string> {
    const names = [`de:${id}`, `kd:${id}`].map(name => this.#key + name);
    return String(await this.#holdScript.run(names, [this.#key, jobId, forMs ?? '', data ?? '']));
  }

  async storeStep({ jobId, token, name, result }: StepRecord): Promise<StepAnswer> {
    const answer = await this.#storeStepScript.run(this.#jobAndLock(jobId), [token, name, result]);
    return answer === 1 ? 'stored' : 'lost';
  }

  async readSteps({ jobId, token }: JobLock): Promise<ReadonlyMap<string, string> | undefined> {
    const answer = await this.#readStepsScript.run(this.#jobAndLock(jobId), [token]);
    if (!Array.isArray(answer)) return undefined;
    const steps = new Map<string, string>();
    for (let at = 0; at < answer.length; at += 2) steps.set(String(answer[at]), String(answer[at + 1]));
    return steps;
  }

  async stepNames(jobId: string): Promise<readonly string[]> {
    const fields = await this.#options.redis.hkeys(this.#key + jobId);
    return stepsAmong(fields.flatMap(field => (field.startsWith(STEP_FIELD) ? [field.slice(STEP_FIELD.length)] : [])));
  }

  async tagged({ digests, most, name = '', before = '' }: TaggedStep): Promise<TaggedPage> {
    const args = [this.#key, most, name, before, ...digests];
    const [next, ...ids] = listOf(await this.#taggedScript.run([this.#key + TAG_INDEX], args)).map(String);
    return { ids, next: next || undefined };
  }

  async unfinished({ states, from = '0 0', most, holds = '' }: UnfinishedStep): Promise<UnfinishedPage> {
    const [at = '0', cursor = '0'] = from.split(' ');
    const all = [...UNFINISHED_SETS.entries()];
    const [[nth, set] = [], [then] = []] = all.filter(
      ([place, { state }]) => place >= Number(at) && states.includes(state),
    );
    if (nth === undefined || set === undefined) return { jobs: [], looked: 0, next: undefined };
    const args = [this.#key, set.isList ? 1 : 0, nth === Number(at) ? cursor : '0', most, holds];
    const [end, looked, ...fields] = listOf(await this.#unfinishedScript.run([this.#key + set.key], args)).map(String);
    const next = end !== '0' ? `${nth} ${end}` : then === undefined ? undefined : `${then} 0`;
    return { jobs: unfinishedJobs(fields, set.state), looked: Number(looked), next };
  }

  async sweepTags(): Promise<void> {
    this.#swept = String(await this.#sweepScript.run([this.#key + TAG_INDEX], [this.#key, this.#swept]));
  }

  #jobAndLock(jobId: string): readonly string[] {
    return [this.#key + jobId, `${this.#key}${jobId}:lock`];
  }

  async extendLocks(locks: readonly JobLock[], lockMs: number): Promise<readonly string[]> {
    if (locks.length === 0) return [];
    const ids = locks.map(({ jobId }) => jobId);
    const tokens = locks.map(({ token }) => token);
    const lost: unknown = await this.#stock.extendLocks(ids, tokens, lockMs);
    return listOf(lost).map(String);
  }

  async returnStalled(now: number, everyMs: number, mostStalls: number): Promise<readonly string[]> {
    const ids = await this.#stock.returnStalled(now, everyMs, mostStalls);
    const hasLimits = this.#options.settings?.limits !== undefined || this.#isGrouped;
    if (hasLimits || this.#isAnythingLeft) await afterReturn(ids, this.#sweepGroups(now));
    return ids;
  }

  async #sweepGroups(now: number): Promise<void> {
    const keys = ['groups:kept', 'groups:timed', 'marker'].map(key => this.#key + key);
    const next = String(await this.#sweepGroupsScript.run(keys, [this.#key, this.#sweptGroups, now]));
    this.#isAnythingLeft = next !== '';
    this.#sweptGroups = this.#isAnythingLeft ? next : '0';
  }

  waitForWork(now: number, until: number | undefined, signal: AbortSignal): Promise<void> {
    if (this.#signal === undefined) {
      const { redis: commands, blocking, lostSigns: lost } = this.#options;
      this.#signal = new WorkSignal({ blocking: blocking(), commands, prefix: this.#key, lost });
    }
    return this.#signal.wait(now, until, signal);
  }

  async pauseGroup(group: string, { by, until, probes }: GroupPause): Promise<void> {
    const pause = `${Math.ceil(Math.min(until, FOR_GOOD))}:${probes ? 1 : 0}`;
    const keys = ['groups:paused', 'groups:timed', 'marker', 'meta'].map(key => this.#key + key);
    await this.#pauseScript.run(keys, [pauseName(group, by), group, pause]);
  }

  async resumeGroup(group: string, by: PausedBy): Promise<void> {
    const keys = ['groups:paused', 'groups:timed', 'marker'].map(key => this.#key + key);
    await this.#resumeScript.run(keys, [pauseName(group, by), group]);
  }

  async pauses(): Promise<readonly PausedGroup[]> {
    const stored = await this.#options.redis.hgetall(`${this.#key}groups:paused`);
    return Object.entries(stored).map(([name, pause]) => {
      const [until, probes] = pause.split(':');
      return pausedGroup(name, Number(until), probes === '1');
    });
  }

  async keptBy(jobId: string, groups: readonly string[]): Promise<string | undefined> {
    const { redis } = this.#options;
    const [place, ...lines] = await Promise.all([
      redis.zscore(`${this.#key}prioritized`, jobId),
      ...groups.map(group => redis.zscore(`${this.#key}group:line:${group}`, jobId)),
    ]);
    // Where another program has taken it, its place in a line means nothing.
    if (Number(place ?? 0) < PARKED_SCORE) return undefined;
    const group = groups[lines.findIndex(line => line !== null)];
    const isKept = Number(place) >= HELD_SCORE || group === undefined || (await this.#isKept(group));
    return isKept ? group : undefined;
  }

  /** Whether a limit or a pause keeps all of the group. */
  async #isKept(group: string): Promise<boolean> {
    return (await this.#options.redis.zscore(`${this.#key}groups:timed`, group)) !== null;
  }

  async held(): Promise<number> {
    return Number(
      await this.#heldScript.run(
        ['prioritized', 'groups:timed'].map(key => this.#key + key),
        [this.#key],
      ),
    );
  }

  /**
   * BullMQ parses these fields wherever it lists a job, and throws for all jobs of the list (seen). The originals are kept beside them; a parent
   * that cannot be read can be told nothing.
   */
  async #repair({ job, unreadable }: ReadJob): Promise<void> {
    const { redis } = this.#options;
    const key = this.#key + job.id;
    const texts = await redis.hmget(key, ...PARSED);
    const pipeline = redis.pipeline();
    for (const field of unreadable) {
      pipeline.hset(key, `${field}:broken`, texts[PARSED.indexOf(field)] ?? '');
      if (field === 'parent') pipeline.hdel(key, 'parent', 'parentKey');
      else pipeline.hdel(key, field);
    }
    await pipeline.exec();
  }
}

type DoneTurn = TurnAnswer & { readonly rare: readonly { readonly index: number; readonly end: End }[] };

function restOf(kind: unknown, detail: unknown): Rest {
  switch (kind) {
    case 'limited':
      return { kind, forMs: Number(detail) };
    case 'blocked':
      return { kind };
    case 'none':
      return { kind, delayedUntil: detail === '' ? undefined : Number(detail) };
    default:
      return { kind: 'more' };
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
