/**
 * What a room of the platform, or a library on it, brings to an app beside contracts and handlers, such as an event store. To the app it is data
 * with a kind; the room that made it knows the rest, and finds it again among the app's plugins.
 */
export interface AppPlugin {
  /** What it is, such as `event-store`. One of a kind in an app. */
  readonly kind: string;
}
