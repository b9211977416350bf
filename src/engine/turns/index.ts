/**
 * The verbs of an engine: add, take and settle, many jobs a trip. Redis, PostgreSQL and memory implement `TurnQueue`; producers add with it,
 * worker hosts take and settle with it. An engine gives one of each queue: `Engine.turns(name, settings)`, as soon as all have it.
 */
export type {
  BatchOfEnd,
  End,
  EndKind,
  Failed,
  HandedBack,
  Keep,
  LogLine,
  Retried,
  SettleAnswer,
  Snoozed,
  StoredFailure,
  Succeeded,
} from './end.ts';
export {
  contractGroup,
  groupName,
  groupsOf,
  HELD_PRIORITY,
  PARKED_PRIORITY,
  WEIGHTS,
  fairGroupOf,
  type FairShare,
  tierOf,
  limitOf,
  startPace,
  type GroupedOptions,
  type GroupLimit,
  type StartPace,
  type Tier,
  type TakeRate,
} from './groups.ts';
export { FOR_GOOD, pausedGroup, pauseName, type GroupPause, type PausedBy, type PausedGroup } from './pause.ts';
export { CHANGES_TRIED, type ChangeableJob, type ChangeAnswer, type JobChange } from './job-change.ts';
export type { BrokenJob, JobLock, SoundJob, TakenJob } from './taken-job.ts';
export { afterReturn } from './after-return.ts';
export { AddTrips, type AddTripsOptions } from './add-trips.ts';
export { optionsOf, type AddAnswer, type NewJob } from './new-job.ts';
export { OptionTexts } from './option-texts.ts';
export { parentPolicyOf, type NewFlow, type ParentPolicy } from './new-flow.ts';
export { stepsAmong } from './step-record.ts';
export type { StepAnswer, StepRecord } from './step-record.ts';
export type { NoteAnswer, ProgressChange, RunNote } from './run-note.ts';
export { keyEndOf, storedKeyOf, type KeyBefore, type KeyEnd, type StoredKey } from './stored-key.ts';
export { TurnParts } from './turn-parts.ts';
export type { KeyHold, Rest, Take, Turn, TurnAnswer, TurnQueue, TurnQueueSettings } from './turn.ts';
export {
  UNFINISHED_STATES,
  type TaggedPage,
  type TaggedStep,
  type UnfinishedJob,
  type UnfinishedPage,
  type UnfinishedState,
  type UnfinishedStep,
} from './unfinished.ts';
