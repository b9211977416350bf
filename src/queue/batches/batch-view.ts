import { ENDED_KEPT_MS, OPEN_KEPT_MS, type BatchCounts, type Callback, type StoredBatch } from '../../engine/index.ts';

/** A batch as it stands. */
export interface BatchView {
  readonly id: string;
  readonly name: string;
  /** `ended` once all members have, also where one of them was replayed since and runs again. */
  readonly state: 'running' | 'ended';
  readonly total: number;
  /** Members that wait or run. */
  readonly open: number;
  /** Members that have ended: `total` without `open`. */
  readonly done: number;
  /** How they did: see `MemberState`. */
  readonly ended: BatchCounts;
  /** What was called back so far. */
  readonly called: readonly Callback[];
  /** Milliseconds since 1970, as the others. */
  readonly createdAt: number;
  readonly endedAt: number | undefined;
  /** When its record is removed, unless something happens to it before. */
  readonly keptUntil: number;
}

export function batchView(batch: StoredBatch, called: readonly Callback[]): BatchView {
  const { id, name, open, ended, at, endedAt, touchedAt } = batch;
  const done = Object.values(ended).reduce((sum, count) => sum + count, 0);
  return {
    id,
    name,
    state: endedAt === undefined ? 'running' : 'ended',
    total: open + done,
    open,
    done,
    ended,
    called,
    createdAt: at,
    endedAt,
    keptUntil: touchedAt + (endedAt === undefined ? OPEN_KEPT_MS : ENDED_KEPT_MS),
  };
}
