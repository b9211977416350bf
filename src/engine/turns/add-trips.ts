import type { AddAnswer, NewJob } from './new-job.ts';

const CHARACTERS_AT_MOST = 256 * 1024;

export interface AddTripsOptions {
  /** Jobs in one trip. */
  readonly most: number;
  /** Trips at the same time. With more than one the engine must take them up in their order. */
  readonly underWay: number;
  /** Sends one trip. */
  readonly send: (jobs: readonly NewJob[]) => Promise<readonly AddAnswer[]>;
  /** Whether it may share a trip with others; all when left out. */
  readonly shares?: (job: NewJob) => boolean;
}

interface Waiting {
  readonly job: NewJob;
  readonly answered: (answer: AddAnswer) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Gathers jobs that are added at about the same time into few trips, in their order. A lone call waits for nobody: it leaves with those of the
 * same turn of JavaScript, or as soon as a trip is full. While trips are under way the others gather, so that trips grow with the load.
 */
export class AddTrips {
  readonly #options: AddTripsOptions;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #planned = false;
  #alone = false;

  constructor(options: AddTripsOptions) {
    this.#options = options;
  }

  add(jobs: readonly NewJob[]): Promise<readonly AddAnswer[]> {
    return new Promise((resolve, reject) => {
      const answers: AddAnswer[] = [];
      let missing = jobs.length;
      if (missing === 0) resolve(answers);
      for (const [index, job] of jobs.entries()) {
        const answered = (answer: AddAnswer): void => {
          answers[index] = answer;
          missing -= 1;
          if (missing === 0) resolve(answers);
        };
        this.#waiting.push({ job, answered, failed: reject });
      }
      // What is full waits for nobody either: the engine begins while whoever adds many at once still makes the rest of them.
      while (this.#waiting.length >= this.#options.most && this.#mayLeave()) this.#send(this.#next());
      this.#plan();
    });
  }

  #plan(): void {
    if (this.#planned || !this.#mayLeave()) return;
    this.#planned = true;
    process.nextTick(() => {
      this.#planned = false;
      while (this.#mayLeave()) this.#send(this.#next());
    });
  }

  /** One with a script of its own takes more steps on its way: it travels alone, or another would overtake it. */
  #mayLeave(): boolean {
    const [first] = this.#waiting;
    if (first === undefined || this.#alone) return false;
    return this.#underWay < (this.#shares(first.job) ? this.#options.underWay : 1);
  }

  #next(): readonly Waiting[] {
    const [first] = this.#waiting;
    if (first !== undefined && !this.#shares(first.job)) return this.#waiting.splice(0, 1);
    let count = 0;
    let characters = 0;
    for (const { job } of this.#waiting) {
      if (count === this.#options.most || !this.#shares(job)) break;
      characters += job.data.length;
      if (count > 0 && characters > CHARACTERS_AT_MOST) break;
      count += 1;
    }
    return count === this.#waiting.length ? this.#takeAll() : this.#waiting.splice(0, count);
  }

  #shares(job: NewJob): boolean {
    return this.#options.shares?.(job) ?? true;
  }

  #takeAll(): readonly Waiting[] {
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  #send(trip: readonly Waiting[]): void {
    this.#underWay += 1;
    this.#alone = !trip.every(({ job }) => this.#shares(job));
    void this.#settle(trip).finally(() => {
      this.#underWay -= 1;
      this.#alone = false;
      this.#plan();
    });
  }

  async #settle(trip: readonly Waiting[]): Promise<void> {
    try {
      const answers = await this.#options.send(trip.map(({ job }) => job));
      for (const [index, { answered, failed }] of trip.entries()) {
        const answer = answers[index];
        if (answer === undefined) failed(new Error('The engine answered for too few jobs.'));
        else answered(answer);
      }
    } catch (error) {
      for (const { failed } of trip) failed(error);
    }
  }
}
