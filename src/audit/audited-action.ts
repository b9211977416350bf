/** What is said of an action beside where it was asked for. Nothing sensitive: a tag that is no public one stands here by its digest. */
export interface ActionDetail {
  /** In a few words: `replay dead letters`. */
  readonly what: string;
  /** Which: ids, a cause, a filter. Cut at 300 characters. */
  readonly on?: string | undefined;
  /** How many that were, how many of them it was done to, and to how many it could not be done. */
  readonly matched?: number | undefined;
  readonly done?: number | undefined;
  readonly skipped?: number | undefined;
  readonly reason?: string | undefined;
}

/** What somebody did, or was kept from doing: on the dashboard, or by the command line. */
export interface AuditedAction {
  /** Undefined for somebody who has not signed in; `cli:NAME` for whoever runs a command. */
  readonly user: string | undefined;
  /** Undefined for the command line, which has none. */
  readonly role: string | undefined;
  /** Of the request; `CLI` for a command. */
  readonly method: string;
  /** Without the query, or the command without what it was given; cut at 300 characters. */
  readonly path: string;
  /** Undefined where the connection was closed before there was one, and for the command line. */
  readonly status: number | undefined;
  /**
   * `begun`: a command that may take long, or be ended before its end; what it came to is a line of its own. `dry run`: it was only asked what
   * would be done. `connection closed`: the client did not wait for the answer, and what was asked may have been done.
   */
  readonly outcome: (typeof OUTCOMES)[number];
  /** The client's address, or its network; of a command, the name of its machine. */
  readonly client: string;
  /** Undefined where its path says all. */
  readonly detail?: ActionDetail | undefined;
}

export const OUTCOMES = ['done', 'begun', 'dry run', 'refused', 'failed', 'connection closed'] as const;

/** What was acted on, as it is kept. */
export function shortOn(on: string | undefined): string | undefined {
  return on?.slice(0, 300);
}
