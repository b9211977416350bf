import { kindOf, shown } from '../../../errors/index.ts';
import type { AppPlugin } from '../app-plugin.ts';
import { isMade } from './require-definition.ts';

const MAKERS = {
  job: 'defineJob()',
  event: 'defineEvent()',
  handler: 'handle()',
  reaction: 'react()',
  schedule: 'defineSchedule()',
};

/** Callers in plain JavaScript leave out what must be there, or misspell it. */
export function listed<Item>(what: string, given: readonly Item[], problems: string[]): readonly Item[] {
  if (Array.isArray(given)) return given;
  problems.push(`${what} is ${given === undefined ? 'missing' : `a ${typeof given}`}, expected a list`);
  return [];
}

/** Those that are what their list is for. */
export function made<Item>(
  kind: 'job' | 'event' | 'handler' | 'reaction' | 'schedule',
  all: readonly Item[],
  list: string,
  problems: string[],
): readonly Item[] {
  return all.filter((each, index) => {
    if (isMade(kind, each)) return true;
    problems.push(`expected ${list}[${index}] to be what ${MAKERS[kind]} has made, got ${kindOf(each)}`);
    return false;
  });
}

export function plugged(given: readonly AppPlugin[], problems: string[]): readonly AppPlugin[] {
  return listed('plugins', given, problems).filter((plugin: unknown, index) => {
    if (typeof plugin === 'object' && plugin !== null && 'kind' in plugin && typeof plugin.kind === 'string')
      return true;
    problems.push(`expected plugins[${index}] to have a kind, got ${kindOf(plugin)}`);
    return false;
  });
}

/** In a number, a list or a map no queue would be found, and all would have the defaults. */
export function requireQueues(queues: unknown, problems: string[]): void {
  if (queues === undefined || queues === null) return;
  if (typeof queues === 'object' && !Array.isArray(queues) && !(queues instanceof Map)) return;
  const found = queues instanceof Map ? 'a Map' : shown(queues);
  problems.push(`expected queues as { NAME: { concurrency, ... } }, got ${found}`);
}
