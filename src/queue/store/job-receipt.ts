/** What the producer gets back once the engine has acknowledged the job. Here because errors carry those of what was queued before them. */
export interface JobReceipt {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** True when the key already stood for a job: `id` is that job's, and nothing new was queued. */
  readonly deduplicated: boolean;
  /** True when that job waits and has taken over this call's data and start: its contract keeps the `last`. */
  readonly updated?: true;
  /** Of an item that was gathered: its place in the chunk whose job has that id, from 0. */
  readonly item?: number;
}
