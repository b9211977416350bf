import type { BatchStore, EndedJob, MemberEnd, MemberState, StoredBatch } from '../../engine/index.ts';
import { endReasonOf, parseJobId } from '../../queue/index.ts';
import { openState } from '../../state/index.ts';
import { FollowBatches, type FollowBatchesOptions } from './follow-batches.ts';

export interface LookAfterBatchesOptions extends FollowBatchesOptions {
  readonly queues: () => readonly string[];
  /** A host looks for the members of a batch to which nothing has happened for so long; a minute when left out. */
  readonly quietMs?: number;
  /** How long no other host looks; 4 s when left out. */
  readonly leaseMs?: number;
}

/** The worker that has settled a member has mostly brought its end by then. */
const LEFT_ALONE_MS = 5_000;
const QUIET_MS = 60_000;
/** A member that is nowhere after so many times as long will not come: the process that was to queue it is gone. */
const GONE_AFTER = 10;
const BATCHES_A_LOOK = 20;
const MEMBERS_A_LOOK = 500;
/** One host looks for all. */
const LEASE_MS = 4_000;

/**
 * Looks for what nobody has brought to its batch: ends that a worker recorded before it died, and members that other programs have ended or
 * removed.
 */
export class LookAfterBatches {
  readonly #options: LookAfterBatchesOptions;
  readonly #following: FollowBatches;

  constructor(options: LookAfterBatchesOptions) {
    this.#options = options;
    this.#following = new FollowBatches(options);
  }

  /** Rejects while the engine is away. */
  async look(): Promise<void> {
    const { engine, worker, leaseMs = LEASE_MS } = this.#options;
    const state = await openState(engine);
    if ((await state.compareAndSet('batches', 'look', 0, worker, leaseMs)) === undefined) return;
    const store = await engine.batches();
    const now = Math.floor(engine.clock.now());
    for (const queue of this.#options.queues()) {
      const left = (await store.unbrought(queue)).filter(({ at }) => now - at >= LEFT_ALONE_MS);
      if (left.length > 0) await this.#following.bring(left.map(end => ({ queue, end })));
    }
    for (const id of await store.unfinished(BATCHES_A_LOOK, now)) await this.#lookAt(store, id, now);
  }

  async #lookAt(store: BatchStore, id: string, now: number): Promise<void> {
    const { quietMs = QUIET_MS } = this.#options;
    const batch = await store.read(id);
    if (batch === undefined) {
      await store.finished(id);
      return;
    }
    await this.#following.callBack(store, batch);
    if (batch.open === 0 || now - batch.touchedAt < quietMs) return;
    const members = await this.#endsOf(store, batch, now, quietMs * GONE_AFTER);
    if (members.length > 0) await this.#following.bring(members.map(end => ({ queue: queueOf(end.jobId), end })));
  }

  async #endsOf(store: BatchStore, batch: StoredBatch, now: number, goneMs: number): Promise<readonly MemberEnd[]> {
    const ids = await store.openMembers(batch.id, MEMBERS_A_LOOK);
    const ends = await (await this.#options.engine.ends()).read(ids.map(id => ({ queue: queueOf(id), id })));
    return ids.flatMap((jobId, index): MemberEnd[] => {
      const end = ends[index];
      const state = end && stateOf(end, now - batch.touchedAt >= goneMs);
      return state === undefined ? [] : [{ batchId: batch.id, jobId, state, at: now }];
    });
  }
}

function stateOf(end: EndedJob, isGone: boolean): MemberState | undefined {
  switch (end.kind) {
    case 'open':
      return undefined;
    case 'unknown':
    case 'unreadable':
      return isGone ? 'gone' : undefined;
    case 'succeeded':
      return 'succeeded';
    case 'failed': {
      const reason = endReasonOf(end.message, end.lastLine);
      return reason === 'cancelled' || reason === 'expired' ? reason : 'dead';
    }
  }
}

function queueOf(jobId: string): string {
  return parseJobId(jobId)?.queue ?? '';
}
