import type { EndKind } from '../turns/index.ts';

/**
 * How a member of a batch ended.
 * - `discarded`: a person removed it from the dead letters
 * - `skipped`: it was never queued, since its key stood for a job that is no member
 * - `gone`: its job is not there any more, and nobody has recorded its end
 */
export type MemberState = 'succeeded' | 'dead' | 'cancelled' | 'expired' | 'discarded' | 'skipped' | 'gone';

/** What a batch may call back. */
export type Callback = 'success' | 'complete' | 'death';

export interface MemberEnd {
  readonly batchId: string;
  readonly jobId: string;
  readonly state: MemberState;
  /** Engine time, milliseconds since 1970: of two ends of one member the later one counts. */
  readonly at: number;
}

export interface NewBatch {
  readonly id: string;
  readonly name: string;
  /** What is to be called back, as JSON of whoever made it. */
  readonly callbacks: string;
  /** Engine time, milliseconds since 1970. */
  readonly at: number;
}

export type BatchCounts = Readonly<Record<MemberState, number>>;

/** Of each state as many as `of` says. */
export function countEnds(of: (state: MemberState) => number): BatchCounts {
  return {
    succeeded: of('succeeded'),
    dead: of('dead'),
    cancelled: of('cancelled'),
    expired: of('expired'),
    discarded: of('discarded'),
    skipped: of('skipped'),
    gone: of('gone'),
  };
}

/** A batch as it stands. */
export interface StoredBatch extends NewBatch {
  /** Members that have not ended. */
  readonly open: number;
  readonly ended: BatchCounts;
  /** When the last member ended for the first time; from then on none can be added. */
  readonly endedAt: number | undefined;
  /** When something happened to it last. */
  readonly touchedAt: number;
  readonly called: readonly Callback[];
}

/** A batch that nothing happens to is kept for so long, longer than any job can be delayed. */
export const OPEN_KEPT_MS = 400 * 86_400_000;
/** One whose members have ended: as long as dead letters are kept, which may be replayed. */
export const ENDED_KEPT_MS = 14 * 86_400_000;

/** Members in one call, at most: more would keep other clients of the engine waiting. */
export const MEMBERS_AT_ONCE = 1_000;

/**
 * The batches of an installation. Whoever settles a member writes its end down in the same turn (`Succeeded.batch`, `Failed.batch`): that record is
 * brought to the batch afterwards, by the worker that has settled it or by whoever looks for records that were left. Every method may be repeated.
 *
 * Methods reject with EngineUnreachableError, or the driver's connection error, while the engine is away.
 */
export interface BatchStore {
  /** A turn writes the end of a member into its batch itself: of those that ended in turns one of each batch is enough for `bring`. */
  readonly turnsBring: boolean;
  /** Answers what stands under that id: the batch given, or the one that was made before. */
  create(batch: NewBatch): Promise<StoredBatch>;
  /**
   * Makes jobs members, before they are queued. Answers for each whether it has not ended; undefined where there is no such batch, or where it has
   * ended and one of them is no member yet.
   */
  addMembers(id: string, jobIds: readonly string[], now: number): Promise<readonly boolean[] | undefined>;
  /**
   * A job that is about to be queued takes the place of a member, which is none from then on, also where the batch has ended. Answers whether it is
   * a member then: not where the other one is none, or there is no such batch.
   */
  replaceMember(id: string, jobId: string, by: string, now: number): Promise<boolean>;
  /**
   * Brings ends to their batches. Answers those batches that may have something to call back, as they then stand. Of the others nothing follows:
   * the records that turns of the queue `recordedIn` have made of these ends are forgotten with it.
   */
  bring(ends: readonly MemberEnd[], now: number, recordedIn?: string): Promise<readonly StoredBatch[]>;
  /** Ends that were recorded by turns of that queue and that nobody has brought yet. */
  unbrought(queue: string): Promise<readonly MemberEnd[]>;
  /** Forgets records of the queue once all that follows from them was done; those that a later end has replaced stay. */
  brought(queue: string, ends: readonly MemberEnd[]): Promise<void>;
  /** These were called back. */
  calledBack(id: string, callbacks: readonly Callback[]): Promise<void>;
  read(id: string): Promise<StoredBatch | undefined>;
  /** Some members that have not ended, in no order. */
  openMembers(id: string, atMost: number): Promise<readonly string[]>;
  /** Batches that may still call back, those first that nobody has looked at for longest. */
  unfinished(atMost: number, now: number): Promise<readonly string[]>;
  /** Nothing more is to be called back: it is not among the unfinished any more. `callbacks`: what is kept from then on of what it was to call back. */
  finished(id: string, callbacks?: string): Promise<void>;
  /** A part of a walk through the batches that may still call back, in no order: each that is among them all the while is met, perhaps twice. */
  pending(step: PendingStep): Promise<PendingPage>;
  /** Writes what is to be called back, where that is as it was read. Answers whether it was. */
  changeCallbacks(id: string, from: string, to: string): Promise<boolean>;
}

/** Where a walk through batches goes on, and how much one trip reads. */
export interface PendingStep {
  /** `next` of the answer before; undefined at the beginning. */
  readonly from: string | undefined;
  /** How many, about. */
  readonly most: number;
}

export interface PendingPage {
  readonly ids: readonly string[];
  /** Undefined at the end. A page may be empty before it. */
  readonly next: string | undefined;
}

/** The end of a member that the turn records; undefined where the job is in no batch, or has not ended. */
export function memberEnd(jobId: string, end: EndKind): MemberEnd | undefined {
  if (!('batch' in end) || end.batch === undefined) return undefined;
  return { batchId: end.batch.id, jobId, state: end.what, at: end.batch.at };
}
