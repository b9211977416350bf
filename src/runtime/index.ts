export { handlersOf } from './assignment.ts';
export { classifyReturn, classifyThrow, type AttemptInfo } from './classify.ts';
export { ResourceSet } from './resource-set.ts';
export { startWorkerProcess, type WorkerProcess, type WorkerProcessOptions } from './run-worker.ts';
export type { Settlement } from './settlement.ts';
export { createWorkerHost, type WorkerHost, type WorkerHostOptions } from './worker-host.ts';
export { readWorkerSettings, type WorkerSettings } from './worker-settings.ts';
