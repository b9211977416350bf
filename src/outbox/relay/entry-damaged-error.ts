import { ShiftworkError } from '../../errors/index.ts';

/** What stands in the outbox is not what an `Outbox` writes. It can never be sent. */
export class EntryDamagedError extends ShiftworkError {
  readonly code = 'OUTBOX_ENTRY_DAMAGED';

  /** @param what what was expected of it. Nothing of its text is said, which is a user's data. */
  constructor(kind: 'job' | 'event', what: string) {
    super(
      `Expected the body of this entry to be ${what}, as an Outbox writes the ${kind}s, found something else: it was changed in the database, or written ` +
        'by another program. Mend its row and run "shiftwork outbox reconcile", or delete the row.',
    );
  }
}
