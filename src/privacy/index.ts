/** What may be shown and stored of people's data: redacting fields, scrubbing their values from texts, errors without what drivers hang on them. */
export { bareError } from './bare-error.ts';
export { keptData, REDACTED, redactData } from './redact.ts';
export { createScrubber, scrubStart } from './scrub.ts';
export { isTooDeep, scrubDeep, SHOWN_DEPTH, shownData } from './shown-data.ts';
export { isUnstorableJson, shortened, storableText } from './storable-text.ts';
