import { ShiftworkError } from '../../errors/index.ts';

/**
 * The transport did not acknowledge in time. The event may or may not have been published: only an acknowledged one is promised.
 * Publishing again with the same id is publishing the same event.
 */
export class BusUnavailableError extends ShiftworkError {
  readonly code = 'BUS_UNAVAILABLE';
  readonly transport: string;

  constructor(transport: string, what: string, reason: string, options?: ErrorOptions) {
    super(
      `The transport "${transport}" did not acknowledge ${what}: ${reason}. ` +
        'Check that its server is reachable; to lose nothing meanwhile, publish through the outbox.',
      options,
    );
    this.transport = transport;
  }
}
