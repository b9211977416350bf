import { ShiftworkError } from '../../errors/index.ts';

/** A test waits for work that does not end. */
export class DrainStuckError extends ShiftworkError {
  readonly code = 'DRAIN_STUCK';
  /** The jobs that are under way. */
  readonly jobIds: readonly string[];

  constructor(jobs: readonly { readonly id: string; readonly name: string }[], waitedMs: number) {
    const list = jobs.map(({ id, name }) => `"${name}" (${id})`).join(', ');
    super(
      `Expected all work that is due to end, but nothing happened for ${waitedMs} ms while ${list || 'jobs'} ran. ` +
        'Look for what its handler waits for, or give createTestApp() a longer { patience }.',
    );
    this.jobIds = jobs.map(({ id }) => id);
  }
}
