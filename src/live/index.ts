/**
 * What a page loads to follow jobs from `jobEvents` of `shiftwork/http`: under 2 KB, no dependency, no Node. `react.ts` beside it makes a hook of it,
 * with the React that the page has.
 */
export { watchJobs, type LiveJob, type WatchedJobs, type WatchEnd, type WatchOptions } from './watch-jobs.ts';
