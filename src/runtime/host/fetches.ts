/** When this process last took a job from one queue, whatever became of it. */
export class Fetches {
  #lastAt = 0;

  /** By `performance.now()`; 0 before the first. */
  get lastAt(): number {
    return this.#lastAt;
  }

  note(at: number): void {
    this.#lastAt = at;
  }
}
