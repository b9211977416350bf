import type { EngineClock } from '../../clock/index.ts';

/**
 * BullMQ 6.7 gives its scripts the time of its machine's clock. Where that stands in the flat list of a script's keys and arguments, for
 * those that a queue calls; a test notices a BullMQ that has it elsewhere.
 */
const TIME_AT: ReadonlyMap<string, number> = new Map([
  ['changeDelay', 5],
  ['cleanJobsInSet', 4],
  ['moveJobsToWait', 9],
]);

/** The arguments of a script with the engine's time in the place of this machine's. */
export function inEngineTime(clock: EngineClock, script: string, args: readonly unknown[]): unknown[] {
  const changed = [...args];
  const index = TIME_AT.get(script);
  if (index === undefined) return changed;
  const given = args[index];
  // As a text where BullMQ writes it as JSON.
  if (typeof given === 'number' || typeof given === 'string')
    changed[index] = Number(given) - (Date.now() - clock.now());
  return changed;
}
