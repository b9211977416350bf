import type { WorkReader } from '../../src/standing/index.ts';
import { within } from '../../src/time/index.ts';
import type { StateCounts } from './state-links.ts';

/** A page of jobs is there without its counts as well. */
const PATIENCE_MS = 250;

/**
 * How many jobs wait, are delayed and run, from the look that the overview shares; undefined where that is not there in time. Of the dead it counts
 * those that expired or were cancelled as well, which the list of the dead has not.
 */
export function stateCounts(
  works: Pick<WorkReader, 'read'>,
  patienceMs = PATIENCE_MS,
): (queue: string) => Promise<StateCounts | undefined> {
  return async queue => {
    const late = (): Error => new Error('The counts were not there in time.');
    const work = await within(patienceMs, works.read(), late).catch(() => undefined);
    const queues = work?.queues.filter(({ name }) => queue === '' || name === queue) ?? [];
    if (queues.length === 0) return undefined;
    const sum = (kind: 'waiting' | 'delayed' | 'running'): number =>
      queues.reduce((total, each) => total + each[kind], 0);
    return { waiting: sum('waiting'), delayed: sum('delayed'), running: sum('running') };
  };
}
