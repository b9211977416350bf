export { type BatchReceipt } from './batches/batches.ts';
export type { BatchDefinition, CallbackJob } from './batches/batch-definition.ts';
export { batchView, type BatchView } from './batches/batch-view.ts';
export { noteDiscarded } from './batches/note-discarded.ts';
export { callBack, type CallBack } from './batches/call-back.ts';
export { cancelJob, CANCELS, cancelMarkOf, type CancelAnswer, type CancelMark } from './cancel/cancel-job.ts';
export { Client, type ClientApp } from './client.ts';
export { Schedules, type NamedSchedule, type SchedulePage } from './schedules/schedules.ts';
export type { NewSchedule, SchedulePageOptions } from './schedules/check-schedule.ts';
export type { RunTimeSchedule } from './schedules/schedule-view.ts';
export * from './schedules/unknown-schedule-error.ts';
export { readPauses, type Pause, type PauseOf } from './pauses/pause.ts';
export { readQueues, type ReadQueues } from './pauses/read-queues.ts';
export { checkTarget, type PauseOptions, type PauseTarget } from './pauses/pause-target.ts';
export { pauseWithoutKey, readMissingKeys } from './pauses/pause-without-key.ts';
export { pauseWork, resumeWork } from './pauses/pause-work.ts';
export type { UpdatedJob } from './update/update-job.ts';
export type { JobUpdate, JobUpdateByName, JobUpdateOf } from './update/check-update.ts';
export type { JobReplay, JobReplayByName, JobReplayOf } from './replay/check-replay.ts';
export { exclusively, ACT_MS } from './replay/exclusively.ts';
export { BLAME, inTheWayOf, isPutBackRefusal, keyHolder, putBack, replayedAs } from './replay/put-back.ts';
export type { ReplayedJob } from './replay/replayed-job.ts';
export { ReplayRefusedError, type ReplayRefusal } from './replay/replay-refused-error.ts';
export { plainData } from './replay/plain-data.ts';
export { takePlace } from './replay/take-place.ts';
export { unfit } from './replay/unfit.ts';
export { UpdateRefusedError, type UpdateRefusal } from './update/update-refused-error.ts';
export { DEATH_NOTES, deathNoteIn, type DeathNote } from './deaths/death-note.ts';
export { checkErase, type CheckedErase, type ErasableEvents, type EraseOptions } from './erase/check-erase.ts';
export { NOTHING_ERASED, type ErasedCounts, type ErasedTag } from './erase/erased.ts';
export { digestsOf, eraseTag, type EraseOn } from './erase/erase-tag.ts';
export { readErasures, type ErasureRecord } from './erase/erasure-record.ts';
export { clientOn, connect, type ConnectOptions } from './connect.ts';
export { marksOf, progressIn, withMarks, type JobMarks } from './meta/job-marks.ts';
export { firstDueAt, isReplayedSince, replayMark } from './views/due-at.ts';
export { groupKeyIn, groupOptions, groupsInQueue, needsDigest, type SaidGroup } from './groups/job-groups.ts';
export { InvalidGroupError } from './groups/invalid-group-error.ts';
export type { Enqueuer } from './enqueuer.ts';
export { keyDigest } from './keys/job-key.ts';
export { jobFieldsOf } from './meta/job-fields.ts';
export { jobIdOf, parseJobId, partId, placeOf, recordedId, shownJobId, type JobIdParts } from './ids/job-id.ts';
export { followingOf, originOf, requireReactions, type CausedBy, type Following } from './ids/job-origin.ts';
export { isTraceparent, readMeta, traceIdOf, writeMeta, type JobMeta } from './meta/job-meta.ts';
export { chunkJson } from './chunks/chunk-item.ts';
export type { ChunkPart, PartDeath } from './meta/chunk-part.ts';
export * from './chunks/chunks-full-error.ts';
export { isOver, readJobView, type JobState, type JobView } from './views/job-view.ts';
export type { WaitsFor } from './views/why-it-waits.ts';
export {
  check,
  finish,
  prepare,
  takesSecrets,
  type CheckedJob,
  type PrepareContext,
  type PreparedJob,
} from './prepare/prepare.ts';
export {
  checkFind,
  FIND_STATES,
  WAITS,
  type CheckedFind,
  type FindOptions,
  type FindState,
} from './find/check-find.ts';
export { carries, findJobs, shownRun, tagForms, type FoundJobs, type FoundRun } from './find/find-jobs.ts';
export { isAbout, isTraceId } from './find/following-jobs.ts';
export type { TagForms } from './find/tagged-jobs.ts';
export { walkUnfinished, type WalkedJob } from './find/walk-unfinished.ts';
export type { ShownTag } from './find/job-tags.ts';
export { decryptedData } from './prepare/stored-json.ts';
export { PRIORITY_NUMBERS } from './prepare/priorities.ts';
export { readJobDetails, type JobDetails } from './views/job-details.ts';
export { producerText, type Producer } from './producer/producer-note.ts';
export { readQueueFigures, type QueueFigures } from './views/queue-figures.ts';
export { readRunningJobs, type RunningJobView } from './views/running-jobs.ts';
export { readUnnamedQueues, recentQueueNames, unfinishedIn } from './views/unnamed-queues.ts';
export { readJobLog } from './views/read-job-log.ts';
export { readStoredJob } from './views/read-stored-job.ts';
export { contractOf, redactionOf, scrubTexts, type Described, type Redaction } from './views/redaction.ts';
export { insidesOf, type ClientInsides } from './insides.ts';
export type { JobWatches, JobSeen } from './watch/job-watches.ts';
export { requireTags, type TagWatches } from './watch/tag-watches.ts';
export type { JobReceipt } from './store/job-receipt.ts';
export { AddingQueues } from './store/adding-queues.ts';
export { storePrepared, type StorableJob } from './store/store.ts';
export type { JobStore } from './store/store-keyed.ts';
export { endReasonOf } from './meta/end-reason.ts';
export {
  ResultCancelledError,
  ResultDeadError,
  ResultExpiredError,
  ResultTimeoutError,
  ResultUnknownError,
  ResultUnreadableError,
  type ResultOptions,
} from './results/index.ts';
export * from './batches/batch-ended-error.ts';
export type { FlowReceipt } from './flows/new-flow.ts';
export * from './flows/flow-refused-error.ts';
export * from './client-closed-error.ts';
export * from './keys/idempotency-conflict-error.ts';
export * from './store/queue-unavailable-error.ts';
export * from './views/undecodable-job-error.ts';
