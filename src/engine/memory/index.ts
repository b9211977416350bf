/** Queues in this process alone, for the tests of users and our own: no server, a clock that a test may move, outages on demand. */
export { VirtualClock, type MemoryClock } from './clock/memory-clock.ts';
export { MemoryEngine } from './memory-engine.ts';
export type { MemoryJob } from './memory-job.ts';
export type { MemoryQueue } from './memory-queue.ts';
export { MemoryServer, memoryServer, memoryServerWith } from './memory-server.ts';
export { hasStartable } from './startable.ts';
