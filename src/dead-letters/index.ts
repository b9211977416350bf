/**
 * What ended in failure, wherever it is kept: look through it, run it again, discard it. Jobs stay in BullMQ's failed set; events and
 * projections keep theirs, and are asked through `OtherDeadLetters`. The runtime stands on this room, never the other way round.
 *
 * @module
 */
export { failedLine, plainLine, readHistory, type EndReason, type HistoryLine } from './attempt-record.ts';
export { BlameBook, SUSPECT_AFTER, type Blame } from './blame.ts';
export {
  CAUSE_WORDS,
  decide,
  readDecisions,
  standingOf,
  type CauseDecision,
  type CauseStanding,
  type CauseWord,
} from './cause-decisions.ts';
export { CauseCounter } from './causes/cause-counter.ts';
export { countDeaths } from './causes/count-deaths.ts';
export { sweepCauses } from './causes/sweep-causes.ts';
export { DeadLetterAlarm, type DeadLetterAlarmOptions, type DeadLetterAlert } from './dead-letter-alarm.ts';
export { LETTER_STATES, type DeadLetterFilter, type LetterState } from './dead-letter-filter.ts';
export type { DeadLetterReport } from './dead-letter-report.ts';
export { isExpected, type DeadLetter, type DeadLetterDetails, type DeadLetterGroup } from './dead-letter.ts';
export { DeadLetters, type DeadLettersOptions, type DiscardOptions, type ReplayOptions } from './dead-letters.ts';
export { fingerprintOf } from './fingerprint.ts';
export type { LetterSample, LetterStanding } from './letter-source.ts';
export type { Acted, OtherDeadLetter, OtherDeadLetters } from './other-letters.ts';
