/** The event store and projections of an app. */
export { openProjections, type OpenedProjections } from './open-projections.ts';
