/** Whether workers are given jobs. It is open, unless a test closes it: then nothing runs but when the test says so. */
export class MemoryGate {
  #opening: PromiseWithResolvers<void> | undefined;

  get isOpen(): boolean {
    return this.#opening === undefined;
  }

  close(): void {
    this.#opening ??= Promise.withResolvers();
  }

  open(): void {
    this.#opening?.resolve();
    this.#opening = undefined;
  }

  /** Resolves when it is open, or the signal aborts. */
  async passed(signal: AbortSignal): Promise<void> {
    const opening = this.#opening;
    if (opening === undefined || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => resolve();
    signal.addEventListener('abort', end, { once: true });
    await Promise.race([opening.promise, promise]);
    signal.removeEventListener('abort', end);
  }
}
