/** For tests of an app's own handlers and producers: no engine, no worker. */
export { recordingClient, type RecordedJob, type RecordingClient } from './recording-client.ts';
export { MemoryStateStore } from '../state/index.ts';
export { runHandler, type RunHandlerOptions, type RunOutcome } from './run-handler.ts';
