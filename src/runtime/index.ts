export { handlersOf } from './assignment.ts';
export { ResourceSet } from './resource-set.ts';
export { startWorkerProcess, type WorkerProcess, type WorkerProcessOptions } from './run-worker.ts';
export { createWorkerHost, type WorkerHost, type WorkerHostOptions } from './worker-host.ts';
export { readWorkerSettings, type WorkerSettings } from './worker-settings.ts';
