import type { App } from '../../../contracts/index.ts';
import type { Engine, EngineWorker } from '../../../engine/index.ts';
import type { Facts } from '../../../facts/index.ts';
import { readUnnamedQueues, unfinishedIn } from '../../../queue/index.ts';

export interface UnnamedQueuesOptions {
  readonly app: App;
  readonly engine: Engine;
  readonly facts: Facts;
}

/**
 * Queues of the namespace that no contract of this app names. Nobody runs what is in them, but it must not be lost in silence: they are
 * told about, and what lost hosts had claimed there is handed back, as in any other queue.
 */
export class UnnamedQueues {
  readonly #options: UnnamedQueuesOptions;
  readonly #said = new Map<string, string>();
  readonly #checking = new Map<string, EngineWorker>();
  #names: readonly string[] = [];

  constructor(options: UnnamedQueuesOptions) {
    this.#options = options;
  }

  /** As found last. */
  get names(): readonly string[] {
    return this.#names;
  }

  async look(): Promise<void> {
    const { app, engine, facts } = this.#options;
    const found = await readUnnamedQueues(engine, app, await engine.queueNames());
    this.#names = found.map(({ name }) => name);
    for (const figures of found) {
      const { name: queue, waiting, running, delayed, dead } = figures;
      const said = JSON.stringify([waiting, running, delayed, dead]);
      const isNews = (this.#said.get(queue) ?? '[0,0,0,0]') !== said;
      this.#said.set(queue, said);
      if (isNews) facts.emit('queue.unnamed', { queue, waiting, running, delayed, dead });
      if (running > 0 && unfinishedIn(figures) > 0) await this.#recover(queue);
    }
  }

  /** A lock that has expired is nobody's; where no worker stands, nobody looks for those. It takes no job. */
  async #recover(queue: string): Promise<void> {
    if (this.#checking.has(queue)) return;
    const { engine } = this.#options;
    const worker = await engine.worker(queue, () => Promise.resolve(), { name: 'recovers what is stalled' });
    worker.on('error', () => undefined);
    this.#checking.set(queue, worker);
    await worker.startStalledCheckTimer();
  }
}
