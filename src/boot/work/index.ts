/** The processes that work: the supervisor of a host, and the workers that it starts. */
export { readHostSettings, type HostSettings } from './host-settings.ts';
export { startWorkerFleet, type WorkerFleet, type WorkerFleetOptions } from './run-supervisor.ts';
export { runSupervisedWorker, type SupervisedWorkerOptions } from './run-worker.ts';
export type { StartedWorkers } from './own-workers.ts';
export { startWorkers, type StartWorkersOptions } from './start-workers.ts';
export { readWorkerSettings, type WorkerSettings } from './worker-settings.ts';
