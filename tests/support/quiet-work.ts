import type { QueueFigures, Work } from '../../src/standing/index.ts';

/** A queue in which nothing is and that one worker serves, where the test does not say otherwise. */
export function quietQueue(figures: Partial<QueueFigures> = {}): QueueFigures {
  return {
    name: 'email',
    paused: false,
    waiting: 0,
    held: 0,
    running: 0,
    delayed: 0,
    succeeded: 0,
    dead: 0,
    oldestDueMs: undefined,
    oldestHeldMs: undefined,
    workers: 1,
    ...figures,
  };
}

/** Work in which nothing is wrong, where the test does not say otherwise. */
export function quietWork(work: Partial<Work> = {}): Work {
  return {
    queues: [quietQueue()],
    workers: 1,
    hosts: [],
    gone: [],
    overdue: [],
    paused: [],
    unnamed: [],
    causes: [],
    now: 0,
    ...work,
  };
}
