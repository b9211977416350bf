export type {
  Claim,
  Engine,
  EngineBacking,
  EngineJob,
  EngineOptions,
  EngineProcessor,
  EngineQueue,
  EngineReport,
  EngineWorker,
  WorkerSetup,
} from './engine.ts';
export { ClockWatch, EngineClock, watchClock, type ClockLook } from './clock/index.ts';
export { isBrokenJson } from './broken-job.ts';
export { readEngineSettings, type EngineSettings } from './engine-settings.ts';
export { lockRenewalMs } from './lock-renewal.ts';
export { openEngine } from './open-engine.ts';
export { scheduleNext } from './schedule-next.ts';
export * from './engine-check-error.ts';
export * from './engine-unreachable-error.ts';
export {
  MemoryEngine,
  MemoryServer,
  memoryServer,
  memoryServerWith,
  VirtualClock,
  type MemoryClock,
  type MemoryJob,
  type MemoryQueue,
} from './memory/index.ts';
export type {
  AddAnswer,
  NoteAnswer,
  RunNote,
  End,
  EndKind,
  Held,
  Keep,
  NewJob,
  Rest,
  SettleAnswer,
  TakenJob,
  Turn,
  TurnAnswer,
  TurnQueue,
  TurnQueueSettings,
} from './turns/index.ts';
