export type {
  DeadReason,
  EventDeadReason,
  EventFields,
  Fact,
  FactName,
  FactTable,
  FactTag,
  JobFields,
  ProjectionFields,
  RunFields,
  SubscriberFields,
} from './fact-table.ts';
export { DEAD_REASONS, KEY_TAG } from './fact-table.ts';
export { onJobEnd } from './job-ends.ts';
export { Facts, type FactListener } from './facts.ts';
