/** Acknowledges entries of one group: one command for all that end in the same turn of the loop. */
export class StreamAcks {
  readonly #send: (ids: readonly string[]) => Promise<unknown>;
  #ids: string[] = [];
  #flushes = false;

  constructor(send: (ids: readonly string[]) => Promise<unknown>) {
    this.#send = send;
  }

  add(id: string): void {
    this.#ids.push(id);
    if (this.#flushes) return;
    this.#flushes = true;
    // After every promise that could go on has done so.
    process.nextTick(() => void this.flush());
  }

  /** Never rejects. What could not be sent goes with the next flush; were the process to end before, it would be delivered again. */
  async flush(): Promise<void> {
    this.#flushes = false;
    const ids = this.#ids;
    if (ids.length === 0) return;
    this.#ids = [];
    try {
      await this.#send(ids);
    } catch {
      this.#ids.push(...ids);
    }
  }
}
