/** The engine and the client of a command, for as long as it takes; and what is wrong with an engine. */
export { sayIfUnusable } from './say-if-unusable.ts';
export { withClient, withEngine } from './with-engine.ts';
