import { ShiftworkError } from '../errors/index.ts';

/** On a Redis Cluster a queue is in the slot in which it was first used; the app wants it in another one. */
export class QueueSlotTakenError extends ShiftworkError {
  readonly code = 'QUEUE_SLOT_TAKEN';
  readonly queue: string;

  /** `record`: the key of the hash that says where queues are. */
  constructor(queue: string, found: string, wanted: string, record: string) {
    super(
      `Expected the slotGroup of queue "${queue}" to be "${found}", with which it was first used on this cluster, got "${wanted}". ` +
        'Jobs in the old slot would never be seen again. Put it back; or let the queue run empty, stop every process, ' +
        `run "redis-cli -c HDEL ${record} ${queue}" and "shiftwork migrate" before anything else.`,
    );
    this.queue = queue;
  }
}
