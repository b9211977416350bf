import { waitFor, type There } from '../support/wait-for.ts';

/** Longer than a test waits: a busy machine has been seen to take a minute until our workers were ready. */
const PATIENCE_MS = 300_000;

/** As `waitFor`. */
export function patiently<Value>(what: string, ask: () => Value | Promise<Value>): Promise<There<Value>> {
  return waitFor(what, ask, PATIENCE_MS);
}
