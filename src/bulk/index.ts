/**
 * Actions on all jobs that match, in the background: replay, discard, cancel, run now. What is asked for stands in the shared state, and whichever process
 * has a carrier goes on with it; a page and a command say first how many there are.
 */
export { BULK_ACTIONS, checkBulk, bulkFilter, filterWords, type BulkAction, type BulkFilter } from './bulk-filter.ts';
export { isTaskOver, type BulkTask, type BulkTaskState } from './bulk-task.ts';
export { BulkTasks, type BulkTasksOptions } from './bulk-tasks.ts';
export { sampleBulk, type BulkSample } from './sample-bulk.ts';
