import { lengthOf } from '../../../command/index.ts';
import type { FleetHost, WorkerPresence } from '../../../runtime/index.ts';

/** A host and its processes, for a table. */
export function hostRows(host: FleetHost, now: number): readonly Readonly<Record<string, string>>[] {
  const { name, startedAt, release, quietBy, queues, workers = [] } = host;
  const sum = (what: 'running' | 'slots' | 'memoryMb'): number =>
    workers.reduce((total, worker) => total + (worker[what] ?? 0), 0);
  return [
    {
      name,
      state: quietBy === undefined ? 'working' : `quiet by ${quietBy}`,
      release: release ?? '-',
      up: lengthOf(now - startedAt),
      running: `${sum('running')} of ${sum('slots')}`,
      memory: `${sum('memoryMb')} MB`,
      lag: '-',
      queues: queues.join(','),
    },
    ...workers.map(worker => processRow(worker, now)),
  ];
}

function processRow(worker: WorkerPresence, now: number): Readonly<Record<string, string>> {
  const { name, startedAt, running, slots, memoryMb, lagMs, quiet, answers } = worker;
  return {
    name,
    state: !answers ? 'does not answer' : quiet ? 'quiet' : 'working',
    release: '-',
    up: lengthOf(now - startedAt),
    running: running === undefined ? '-' : `${running} of ${slots ?? '?'}`,
    memory: memoryMb === undefined ? '-' : `${memoryMb} MB`,
    lag: lagMs === undefined ? '-' : `${lagMs} ms`,
    queues: '-',
  };
}
