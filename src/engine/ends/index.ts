/** How jobs ended, for those who wait for it. Redis, PostgreSQL and memory implement `JobEnds`: `Engine.ends()`. */
export {
  endedIds,
  idsText,
  placeOfKey,
  type ChildStanding,
  type EndedJob,
  type JobEnds,
  type JobPlace,
} from './job-ends.ts';
