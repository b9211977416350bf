export type {
  DeadReason,
  EventDeadReason,
  EventFields,
  Fact,
  FactName,
  FactTable,
  JobFields,
  ProjectionFields,
  RunFields,
  SubscriberFields,
} from './fact-table.ts';
export { Facts, type FactListener } from './facts.ts';
