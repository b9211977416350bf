import type { App } from '../../../contracts/index.ts';
import type { Engine, TurnQueue } from '../../../engine/index.ts';
import type { Facts } from '../../../facts/index.ts';
import { readUnnamedQueues, unfinishedIn } from '../../../queue/index.ts';
import { MOST_STALLS } from '../../host/turns/stalled-jobs.ts';

/** As long as BullMQ's own workers leave between two looks. */
const STALLED_EVERY_MS = 30_000;

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
  readonly #turns = new Map<string, TurnQueue>();
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

  /** A lock that has expired is nobody's; where no worker stands, nobody looks for those. */
  async #recover(queue: string): Promise<void> {
    const { engine } = this.#options;
    const turns = this.#turns.get(queue) ?? (await engine.turns(queue));
    this.#turns.set(queue, turns);
    await turns.returnStalled(Math.floor(engine.clock.now()), STALLED_EVERY_MS, MOST_STALLS);
  }
}
