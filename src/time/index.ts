export { age } from './age.ts';
export { bytesText } from './bytes.ts';
export { toMilliseconds, YEAR_MS, type Duration } from './duration.ts';
export { afterOwnTime } from './own-time.ts';
export { createIdSource, type IdSource } from './sortable-id.ts';
export { sleepOrStop, untilAborted } from './wait.ts';
export { settled, within } from './within.ts';
