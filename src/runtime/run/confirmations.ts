import type { EngineJob } from '../../engine/index.ts';

const STATE = Symbol('what to state when the end is confirmed');

interface Unconfirmed {
  [STATE]?: (() => void) | undefined;
}

/**
 * What to state once BullMQ has confirmed a job's end, kept on the job itself: a WeakMap took 3 us a job and more (measured), also
 * where nobody listened.
 */
export class Confirmations {
  set(job: EngineJob & Unconfirmed, state: () => void): void {
    job[STATE] = state;
  }

  confirm(job: EngineJob & Unconfirmed): void {
    const state = job[STATE];
    if (state === undefined) return;
    // BullMQ's loop may hold on to jobs that have ended: not to all that their runs were made of as well.
    job[STATE] = undefined;
    state();
  }
}
