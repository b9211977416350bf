export { handlersOf } from './assignment.ts';
export { classifyReturn, classifyThrow, type AttemptInfo } from './classify.ts';
export {
  isExpected,
  type DeadLetter,
  type DeadLetterDetails,
  type DeadLetterGroup,
} from './dead-letters/dead-letter.ts';
export type { DeadLetterFilter } from './dead-letters/dead-letter-filter.ts';
export type { DeadLetterReport } from './dead-letters/dead-letter-report.ts';
export { DeadLetters, type DiscardOptions, type ReplayOptions } from './dead-letters/dead-letters.ts';
export type { Acted, DeadLetterKind, OtherDeadLetter, OtherDeadLetters } from './dead-letters/other-letters.ts';
export { readHostSettings, type HostSettings } from './host-settings.ts';
export { readFleet, type Fleet, type FleetHost, type HeldDestination } from './read-fleet.ts';
export { ResourceSet } from './resource-set.ts';
export { startWorkerFleet, type WorkerFleet, type WorkerFleetOptions } from './run-supervisor.ts';
export { runSupervisedWorker, type SupervisedWorkerOptions } from './run-worker.ts';
export type { Settlement } from './settlement.ts';
export { parentOfProcess, type Parent } from './supervisor/parent.ts';
export { scheduleProblems } from './schedules/slots.ts';
export { createWorkerHost, type WorkerHost, type WorkerHostOptions } from './worker-host.ts';
export { readWorkerSettings, type WorkerSettings } from './worker-settings.ts';
