/** A page that the bar names. */
export interface Place {
  /** Below where the dashboard is mounted. */
  readonly path: string;
  readonly label: string;
  /** Pressed after `g`, this key leads there. */
  readonly key: string;
}

/** The pages of the bar, in its order. Whoever adds a page that people open by name adds its line here. */
export const PLACES = [
  { path: '/', label: 'Overview', key: 'o' },
  { path: '/jobs', label: 'Jobs', key: 'j' },
  { path: '/dead-letters', label: 'Dead letters', key: 'd' },
  { path: '/schedules', label: 'Schedules', key: 's' },
  { path: '/workers', label: 'Workers', key: 'w' },
  { path: '/queues/', label: 'Queues', key: 'q' },
  { path: '/scaling', label: 'Scaling', key: 'c' },
  { path: '/audit', label: 'Audit', key: 'a' },
] as const satisfies readonly Place[];

/** Which of them a page is, or belongs to. */
export type PlacePath = (typeof PLACES)[number]['path'];
