import { ShiftworkError } from '../../errors/index.ts';

export type StoppedBy = 'closed' | 'engine-away';

const WHY: Readonly<Record<StoppedBy, string>> = {
  closed:
    'to be called before close(), found the test app closed. Wait for every call before you close it (look for a missing await), or make another with createTestApp().',
  'engine-away':
    'to find the engine there, found it taken away or frozen: no job can be run. Call engine.bringBack() first; advance() alone lets time pass without it.',
};

/** A test asks a test app for what it cannot do now: silence would look like an app that has nothing to do. */
export class TestAppStoppedError extends ShiftworkError {
  readonly code = 'TEST_APP_STOPPED';
  readonly by: StoppedBy;

  constructor(call: string, by: StoppedBy) {
    super(`Expected ${call} ${WHY[by]}`);
    this.by = by;
  }
}
