import type { AdoptedQueue } from './adopted-queue.ts';

/** A configuration that is written, and the queues whose contracts it holds. */
export interface AdoptedApp {
  readonly file: string;
  readonly queues: readonly AdoptedQueue[];
}

/** Names of jobs are unique in an app, and in BullMQ only in a queue: a queue with a name that another has before it is an app of its own. */
export function appsOf(queues: readonly AdoptedQueue[]): readonly AdoptedApp[] {
  const named = queues.filter(({ jobs }) => jobs.length > 0);
  const own = named.filter(queue => sharedNames(queue, queues).length > 0);
  return [
    { file: 'shiftwork.config.ts', queues: named.filter(queue => !own.includes(queue)) },
    ...own.map(queue => ({ file: ownFile(queue), queues: [queue] })),
  ];
}

/** The names of its jobs that a queue before it has. */
export function sharedNames(queue: AdoptedQueue, queues: readonly AdoptedQueue[]): readonly string[] {
  const before = queues.slice(0, queues.indexOf(queue)).flatMap(({ jobs }) => jobs.map(({ name }) => name));
  const taken = new Set(before);
  return queue.jobs.map(({ name }) => name).filter(name => taken.has(name));
}

export function ownFile({ file }: AdoptedQueue): string {
  return `shiftwork.${file}.config.ts`;
}
