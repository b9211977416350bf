import type { Redis } from 'ioredis';
import { RedisTurnQueue } from '../../src/engine/bullmq/redis/turns/index.ts';
import { Deeds } from './deeds.ts';
import { answerToAdds, answerToTurn } from './our-answers.ts';
import {
  keepEvents,
  PREFIX,
  QUEUE,
  RATE,
  STALLED_CHECK,
  type HistorySettings,
  type Step,
  type Answer,
  type Twin,
} from './step.ts';

/** Our scripts, many jobs a trip. */
export class OurTwin implements Twin {
  readonly #redis: Redis;
  readonly #scripts: { readonly turn: string; readonly add: string };
  readonly #deeds: Deeds;
  #queue: RedisTurnQueue | undefined;
  #losesAnswers = false;

  constructor(redis: Redis, scripts: { readonly turn: string; readonly add: string }) {
    this.#redis = redis;
    this.#scripts = scripts;
    this.#deeds = new Deeds(redis);
    const send = redis.evalsha.bind(redis);
    const twice = async (...args: Parameters<Redis['evalsha']>): Promise<unknown> => {
      const first: unknown = await send(...args);
      return this.#losesAnswers ? send(...args) : first;
    };
    Object.assign(redis, { evalsha: twice });
  }

  async start({ limited, metricsKept, losesAnswers, eventsKept }: HistorySettings): Promise<void> {
    await this.#redis.flushdb();
    this.#losesAnswers = losesAnswers;
    if (eventsKept !== undefined) await this.#deeds.do({ what: 'set-meta', fields: keepEvents(eventsKept) });
    this.#queue = new RedisTurnQueue({
      redis: this.#redis,
      blocking: () => this.#redis,
      prefix: PREFIX,
      name: QUEUE,
      sender: 'twin',
      settings: limited ? { rate: RATE } : {},
      metricsKept,
      scripts: this.#scripts,
    });
  }

  async apply(step: Step): Promise<Answer> {
    const queue = this.#queue;
    if (queue === undefined) throw new Error('start() comes first.');
    switch (step.what) {
      case 'add':
        return answerToAdds(await queue.add(step.jobs));
      case 'turn':
        return answerToTurn(await queue.turn(step.turn));
      case 'stalled':
        await this.#redis.del(STALLED_CHECK);
        return queue.returnStalled(step.now, 1, step.mostStalls);
      case 'stock':
        return this.#deeds.do(step.deed);
    }
  }

  close(): Promise<void> {
    return this.#deeds.close();
  }
}
