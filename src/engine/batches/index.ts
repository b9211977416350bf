/** Batches as every engine keeps them: who belongs to one, how its members ended, and what has been called back. */
export {
  countEnds,
  ENDED_KEPT_MS,
  memberEnd,
  MEMBERS_AT_ONCE,
  OPEN_KEPT_MS,
  type BatchCounts,
  type BatchStore,
  type Callback,
  type MemberEnd,
  type MemberState,
  type NewBatch,
  type PendingPage,
  type PendingStep,
  type StoredBatch,
} from './batch-store.ts';
export { memberText, readMember } from './member-text.ts';
