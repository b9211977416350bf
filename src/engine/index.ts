export type {
  Engine,
  EngineJob,
  EngineOptions,
  EngineProcessor,
  EngineQueue,
  EngineReport,
  EngineWorker,
  WorkerSetup,
} from './engine.ts';
export { isBrokenJson } from './broken-job.ts';
export { openEngine } from './open-engine.ts';
