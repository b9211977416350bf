import type { AnyJobContract } from '../../contracts/index.ts';
import { currentCause, type Tracer } from '../../tracing/index.ts';
import type { PrepareContext } from './prepare.ts';

/** One span for the whole call that queues jobs; its jobs continue it. */
export function traced<Result>(
  tracer: Tracer,
  context: PrepareContext,
  contracts: readonly AnyJobContract[],
  work: (context: PrepareContext) => Promise<Result>,
): Promise<Result> {
  const names = [...new Set(contracts.map(({ name }) => name))];
  const queues = [...new Set(contracts.map(({ queue }) => queue))];
  const attributes = {
    'messaging.system': 'shiftwork',
    'messaging.operation.type': 'send',
    'messaging.destination.name': queues.join(','),
    'messaging.batch.message_count': contracts.length,
    'shiftwork.job.names': names.join(','),
  };
  const [only] = names;
  return tracer.span(
    names.length === 1 && only !== undefined ? `job.enqueue ${only}` : 'job.enqueue',
    context.traceparent() ?? currentCause()?.traceparent,
    attributes,
    traceparent => work({ ...context, traceparent: () => traceparent }),
    'producer',
  );
}
