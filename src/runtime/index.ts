export { ResourceSet } from './resource-set.ts';
export { createWorkerHost, handlersOf, type WorkerHost, type WorkerHostOptions } from './worker-host.ts';
