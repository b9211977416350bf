import type { EngineClock } from '../../clock/index.ts';

/**
 * BullMQ 6.7 tells its scripts the time by its machine's clock. Where in the flat list of a script's keys and arguments that stands;
 * a test notices a BullMQ that tells it elsewhere.
 */
const TIME_AT: ReadonlyMap<string, number> = new Map([
  ['changeDelay', 5],
  ['cleanJobsInSet', 4],
  ['moveJobsToWait', 9],
  ['moveStalledJobsToWait', 11],
  ['moveToActive', 12],
  ['moveToDelayed', 12],
  ['moveToFinished', 15],
  ['moveToWaitingChildren', 9],
  ['retryJob', 12],
]);

/** The arguments of a script with the engine's time in the place of this machine's. */
export function inEngineTime(clock: EngineClock, script: string, args: readonly unknown[]): unknown[] {
  const changed = [...args];
  const index = TIME_AT.get(script);
  if (index === undefined) return changed;
  const given = args[index];
  // As a text where BullMQ writes it as JSON.
  if (typeof given === 'number' || typeof given === 'string') changed[index] = Number(given) - differenceOf(clock);
  return changed;
}

/** What a script answered for a worker that is to sleep until then, in this machine's time: the worker compares it with that. */
export function inMachineTime(clock: EngineClock, until: number): number {
  // 0: not at any time.
  return until > 0 ? until + differenceOf(clock) : until;
}

function differenceOf(clock: EngineClock): number {
  return Date.now() - clock.now();
}
