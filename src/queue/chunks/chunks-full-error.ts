import { ShiftworkError } from '../../errors/index.ts';

/** More items wait for the engine than a client keeps in memory. This one was not queued. */
export class ChunksFullError extends ShiftworkError {
  readonly code = 'CHUNKS_FULL';
  readonly contract: string;

  constructor(contract: string, bytes: number) {
    super(
      `Expected at most ${bytes} bytes of items that wait for the engine's acknowledgement, found as many when "${contract}" was enqueued. ` +
        'This item was not queued: wait for the promises of earlier calls, or hand many over with enqueueMany, which waits itself.',
    );
    this.contract = contract;
  }
}
