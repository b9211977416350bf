/**
 * The journal: what runs came to, when, and what happened meanwhile. Processes that end jobs hand it over in batches, off a job's path; pages, `find` and the
 * command line read it. It is no record of jobs: what is dropped for want of room is counted, and nothing depends on it.
 */
export { quantileOf, countOf, addDurations, type Durations } from './record/durations.ts';
export {
  addCounts,
  ALL_COUNTS,
  emptyCounts,
  queueCounts,
  type ContractCounts,
  type CountedStretch,
} from './record/contract-counts.ts';
export { MARK_KINDS, partOfJob, type Mark, type MarkKind } from './record/mark.ts';
export { OUTCOMES, type JournalTag, type RunOutcome, type RunRecord } from './record/run-record.ts';
export { findRuns, isRunCursor, type FoundRuns, type RunQuery } from './read/find-runs.ts';
export { newRuns } from './read/new-runs.ts';
export {
  RANGES,
  readSeries,
  type RangeName,
  type Series,
  type SeriesPoint,
  type SeriesSource,
} from './read/read-series.ts';
export { SettledCounts } from './read/settled-counts.ts';
export { openJournal, POSTGRES_BOUNDS, REDIS_BOUNDS, type JournalDatabase } from './open-journal.ts';
export { JournalWriter, type JournalWriterOptions } from './write/journal-writer.ts';
export { eraseRuns } from './write/erase-runs.ts';
export { recordRuns, type RecordRunsOptions } from './write/record-runs.ts';
export { recordMarks } from './write/record-marks.ts';
export { journalSchema } from './stores/postgres-tables.ts';
export {
  HOUR,
  KEPT_MS,
  MINUTE,
  MINUTES_KEPT_MS,
  type JournalStore,
  type QueueDepth,
  type Span,
  type Standing,
} from './stores/journal-store.ts';
