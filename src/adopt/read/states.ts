/** Where BullMQ and Bull keep jobs, and as what. `paused` is where both put what waits while the queue is paused. */
export const STATES = {
  wait: 'list',
  paused: 'list',
  active: 'list',
  prioritized: 'zset',
  delayed: 'zset',
  'waiting-children': 'zset',
  completed: 'zset',
  failed: 'zset',
} as const satisfies Readonly<Record<string, 'list' | 'zset'>>;

export type State = keyof typeof STATES;
