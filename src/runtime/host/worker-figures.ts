/** How a worker process is loaded. */
export interface WorkerFigures {
  /** Jobs that run now. */
  readonly running: number;
  /** Jobs that may run at once. */
  readonly slots: number;
  /** The longest that its event loop came late since this was asked last, in milliseconds. */
  readonly lagMs: number;
  /** It takes no new jobs. */
  readonly quiet: boolean;
}
