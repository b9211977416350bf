import { kindOf } from '../../../errors/index.ts';
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
