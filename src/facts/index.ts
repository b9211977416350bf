export type { DeadReason, Fact, FactName, FactTable, JobFields, RunFields } from './fact-table.ts';
export { Facts, type FactListener } from './facts.ts';
