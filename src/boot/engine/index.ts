/** The engine and the client of a command, for as long as it takes. */
export { withClient, withEngine } from './with-engine.ts';
