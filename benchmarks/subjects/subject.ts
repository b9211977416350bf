/** What a job of the benchmarks carries, as a web app's would. */
export interface JobData {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  /** When it was added, or is due: milliseconds since 1970, with their fractions. */
  readonly at: number;
  /** Makes it as large as is asked. */
  readonly text: string;
}

export interface AddOptions {
  readonly delayMs?: number;
  /** Makes it unique while it waits or runs. */
  readonly key?: string;
}

export interface WorkOptions {
  /** Jobs at once. */
  readonly concurrency: number;
  /** Queues to work on; jobs are added to the first. */
  readonly queues: number;
  /** Whether what ran is kept; of Shiftwork alone. */
  readonly history: boolean;
  readonly handle: (data: JobData) => Promise<void> | undefined;
}

/**
 * Something that adds and runs the same jobs, at the settings that its makers recommend: Shiftwork, BullMQ by itself, or a peer. A program of its
 * own holds it: see program.ts.
 */
export interface Subject {
  /** Resolves when the server has acknowledged it. */
  add(data: JobData, options: AddOptions): Promise<unknown>;
  addMany(jobs: readonly JobData[]): Promise<unknown>;
  /** Answers how to stop. */
  work(options: WorkOptions): Promise<() => Promise<unknown>>;
  /** Removes every job. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** What a module of a subject exports. `url` is of a server that has nothing else to do. */
export interface SubjectModule {
  open(url: string): Promise<Subject>;
}
