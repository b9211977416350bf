import type { AddAnswer, Engine, NewJob, TurnQueue } from '../../engine/index.ts';

export type AddedJob = Exclude<AddAnswer, { readonly kind: 'refused' }>;

/**
 * The queues of an engine as those who add see them, each opened once. What is added at about the same time travels together, and an add
 * whose answer was lost makes no second job.
 */
export class AddingQueues {
  readonly #engine: Engine;
  readonly #open = new Map<string, TurnQueue>();
  readonly #opening = new Map<string, Promise<TurnQueue>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** In the order of the jobs. Rejects where one was refused; the others of the call may stand. */
  add(queue: string, jobs: readonly NewJob[]): Promise<readonly AddedJob[]> {
    const open = this.#open.get(queue);
    const answers = open === undefined ? this.#opened(queue).then(now => now.add(jobs)) : open.add(jobs);
    return answers.then(each => each.map(added));
  }

  queue(name: string): Promise<TurnQueue> {
    const open = this.#open.get(name);
    return open === undefined ? this.#opened(name) : Promise.resolve(open);
  }

  #opened(queue: string): Promise<TurnQueue> {
    const under = this.#opening.get(queue);
    if (under !== undefined) return under;
    const opening = this.#engine.turns(queue);
    this.#opening.set(queue, opening);
    // All who wait hang on this one promise, behind this: whoever adds next comes behind them. One that failed is tried again by the next call.
    const noted = (open?: TurnQueue): void => {
      if (open !== undefined) this.#open.set(queue, open);
      this.#opening.delete(queue);
    };
    opening.then(noted, () => noted());
    return opening;
  }
}

function added(answer: AddAnswer): AddedJob {
  if (answer.kind === 'refused') throw new Error(`The engine refused a job: ${answer.reason}.`);
  return answer;
}
