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

/** Contracts that encrypt need a key before anything of them runs: what a run has done could not be recorded. */
export function keyProblems(app: App, queues: readonly string[], hasKeys: boolean): readonly string[] {
  if (hasKeys) return [];
  return [...app.jobs.values()]
    .filter(({ queue, encrypt }) => queues.includes(queue) && encrypt.length > 0)
    .map(
      ({ name, encrypt }) =>
        `Expected PAYLOAD_KEYS to be set: job "${name}" encrypts ${encrypt.join(', ')}. Make a key with: echo "k1:$(openssl rand -base64 32)"`,
    );
}

export function policiesOf(app: App, queues: readonly string[]): readonly QueuePolicy[] {
  return [...app.queues.values()].filter(({ name }) => queues.includes(name));
}

/** The handlers that a worker of these queues runs. */
export function handlersOf(app: App, queues: readonly string[]): readonly Handler[] {
  return [...app.handlers.values()].filter(({ contract }) => queues.includes(contract.queue));
}
