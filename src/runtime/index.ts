export { handlersOf } from './assignment.ts';
export { classifyReturn, classifyThrow, type AttemptInfo } from './classify.ts';
// Where programs of 0.1 import it from.
export { DeadLetters } from '../dead-letters/index.ts';
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
