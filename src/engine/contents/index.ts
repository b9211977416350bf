/** What queues hold and how much room that takes, for whoever looks: many queues in one trip. */
export { headOf, KINDS, type JobKind, type QueueContents, type QueueHead } from './queue-contents.ts';
export type { EngineSpace, QueueSpace, SpaceKind } from './engine-space.ts';
