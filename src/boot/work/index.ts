/** The processes that work: the supervisor of a host, and the workers that it starts. */
export { readHostSettings } from './host-settings.ts';
export { startWorkerFleet, type WorkerFleet } from './run-supervisor.ts';
export { runSupervisedWorker } from './run-worker.ts';
export type { StartedWorkers } from './own-workers.ts';
export { startWorkers, type StartWorkersOptions } from './start-workers.ts';
export { readWorkerSettings } from './worker-settings.ts';
