import type { App, Handler, QueuePolicy } from '../../contracts/index.ts';

/** Why a worker cannot take on these queues; empty when it can. */
export function assignmentProblems(app: App, queues: readonly string[]): readonly string[] {
  const known = [...app.queues.keys()].join(', ');
  const unknown = queues
    .filter(queue => !app.queues.has(queue))
    .map(queue => `Expected WORKER_QUEUES to name queues of the app (${known}), got "${queue}".`);
  const idle = [...app.jobs.values()]
    .filter(({ name, queue }) => queues.includes(queue) && !app.handlers.has(name))
    .map(
      ({ name, queue }) => `Expected a handler for job "${name}" of queue "${queue}", found none; add it to the app.`,
    );
  return [...unknown, ...idle];
}

export function policiesOf(app: App, queues: readonly string[]): readonly QueuePolicy[] {
  return [...app.queues.values()].filter(({ name }) => queues.includes(name));
}

/** The handlers that a worker of these queues runs. */
export function handlersOf(app: App, queues: readonly string[]): readonly Handler[] {
  return [...app.handlers.values()].filter(({ contract }) => queues.includes(contract.queue));
}
