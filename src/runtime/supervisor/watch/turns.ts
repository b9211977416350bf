import { url as inspectorUrl } from 'node:inspector';
import type { Parent } from '../child/parent.ts';

/** How often a worker whose event loop turns says so. */
export const TURN_EVERY_MS = 250;

/**
 * Reports to the supervisor again and again that this process's event loop turns; nothing else can send that. From the first time on its
 * silence is judged. While somebody debugs it, it says that instead: a breakpoint is no fault.
 */
export function sayTurns(parent: Pick<Parent, 'say'>): void {
  const say = (): void => parent.say({ kind: 'turn', debugged: inspectorUrl() !== undefined });
  say();
  setInterval(say, TURN_EVERY_MS).unref();
}

/** Whether this process was started to be debugged, as with `--inspect-brk`. */
export function isDebugged(execArgv: readonly string[], nodeOptions = ''): boolean {
  return inspectorUrl() !== undefined || [...execArgv, ...nodeOptions.split(/\s+/)].some(isInspect);
}

function isInspect(option: string): boolean {
  return /^--inspect(-brk|-wait)?(=|$)/.test(option);
}
