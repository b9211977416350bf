import { ShiftworkError } from '../../errors/index.ts';

/** Nobody has made a schedule of that name at run time, or it was removed. */
export class UnknownScheduleError extends ShiftworkError {
  readonly code = 'SCHEDULE_UNKNOWN';
  readonly schedule: string;

  constructor(name: string) {
    super(
      `Expected the name of a schedule that was made at run time, found none of the name ${JSON.stringify(name.slice(0, 80))}. ` +
        'schedules.list() has the names; schedules of the app stand in its config.',
    );
    this.schedule = name;
  }
}
