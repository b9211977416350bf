export type { Claim, Engine, EngineBacking, EngineJob, EngineOptions, EngineQueue, EngineReport } from './engine.ts';
export { ClockWatch, EngineClock, watchClock, type ClockLook } from './clock/index.ts';
export type { EngineSpace, JobKind, QueueContents, QueueHead, QueueSpace, SpaceKind } from './contents/index.ts';
export { joinable } from './bullmq/postgres/joinable-reads.ts';
export { placeOfKey } from './ends/index.ts';
export type { ChildStanding, EndedJob, JobEnds, JobPlace } from './ends/index.ts';
export {
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
  type StoredBatch,
} from './batches/index.ts';
export { readEngineSettings, type EngineSettings } from './settings/engine-settings.ts';
export { lockRenewalMs } from './turns/lock-renewal.ts';
export { openEngine } from './open-engine.ts';
export { scheduleNext } from './bullmq/schedule-next.ts';
export * from './engine-check-error.ts';
export * from './outage/engine-unreachable-error.ts';
export {
  hasStartable,
  MemoryEngine,
  MemoryServer,
  memoryServer,
  memoryServerWith,
  VirtualClock,
  type MemoryClock,
  type MemoryJob,
  type MemoryQueue,
} from './memory/index.ts';
export {
  contractGroup,
  FOR_GOOD,
  groupName,
  HELD_PRIORITY,
  PARKED_PRIORITY,
  WEIGHTS,
  type FairShare,
  tierOf,
  type Tier,
  groupsOf,
  keyEndOf,
  limitOf,
  parentPolicyOf,
  storedKeyOf,
  UNFINISHED_STATES,
} from './turns/index.ts';
export type {
  AddAnswer,
  ChangeableJob,
  ChangeAnswer,
  JobChange,
  GroupedOptions,
  BatchOfEnd,
  KeyBefore,
  KeyEnd,
  KeyHold,
  StoredKey,
  NoteAnswer,
  StepAnswer,
  StepRecord,
  RunNote,
  End,
  EndKind,
  GroupLimit,
  GroupPause,
  JobLock,
  Keep,
  NewFlow,
  NewJob,
  ParentPolicy,
  PausedBy,
  PausedGroup,
  Rest,
  SettleAnswer,
  TakenJob,
  Turn,
  TurnAnswer,
  TurnQueue,
  TurnQueueSettings,
  TaggedPage,
  UnfinishedJob,
  UnfinishedState,
} from './turns/index.ts';
