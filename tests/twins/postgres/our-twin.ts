import type { Client, Pool } from 'pg';
import { PostgresTurnQueue, WorkSigns } from '../../../src/engine/bullmq/postgres/turns/index.ts';
import { answerToAdds, answerToTurn } from '../our-answers.ts';
import { QUEUE, RATE, type HistorySettings, type Step, type Answer, type Twin } from '../step.ts';
import { doDeed } from './deeds.ts';
import { emptyTables } from './empty-tables.ts';
import { LossyPool, LostAnswer } from './lossy-pool.ts';

/** Our statements, many jobs a trip. */
export class OurTwin implements Twin {
  readonly #client: Client;
  readonly #pool: Pool;
  #queue: PostgresTurnQueue | undefined;
  #losesAnswers = false;

  constructor(client: Client, pool: Pool) {
    this.#client = client;
    this.#pool = pool;
  }

  async start(settings: HistorySettings): Promise<void> {
    const { limited, metricsKept, losesAnswers } = settings;
    await emptyTables(this.#client, settings);
    this.#losesAnswers = losesAnswers;
    const pool = new LossyPool(this.#pool, () => this.#losesAnswers);
    this.#queue = new PostgresTurnQueue({
      pool,
      // Nobody waits for work there.
      signs: new WorkSigns({ pool, listen: () => undefined }),
      name: QUEUE,
      sender: 'twin',
      settings: limited ? { rate: RATE } : {},
      metricsKept,
    });
  }

  async apply(step: Step): Promise<Answer> {
    const queue = this.#queue;
    if (queue === undefined) throw new Error('start() comes first.');
    switch (step.what) {
      case 'add':
        return answerToAdds(await queue.add(step.jobs));
      case 'turn': {
        const turn = queue.turn(step.turn).catch((error: unknown) => {
          // The answer is lost: it is sent again.
          if (error instanceof LostAnswer) return queue.turn(step.turn);
          throw error;
        });
        return answerToTurn(await turn);
      }
      case 'stalled':
        return (await queue.returnStalled(step.now, 1, step.mostStalls)).toSorted();
      case 'stock':
        return doDeed(this.#client, step.deed);
    }
  }
}
