import { ShiftworkError } from '../errors/index.ts';

/** Parent and child of a flow are in queues that a Redis Cluster keeps in different slots. Nothing was queued. */
export class FlowAcrossSlotsError extends ShiftworkError {
  readonly code = 'FLOW_ACROSS_SLOTS';
  readonly queue: string;
  readonly parentQueue: string;

  constructor(queue: string, parentQueue: string) {
    super(
      `Expected the jobs of a flow in one slot of the cluster, found a job of queue "${queue}" whose parent is in "${parentQueue}". ` +
        'Give both queues the same slotGroup in defineApp({ queues }), before they are first used.',
    );
    this.queue = queue;
    this.parentQueue = parentQueue;
  }
}
