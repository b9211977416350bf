import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { patiently } from './patiently.ts';
import { Count } from './count.ts';
import { batchOf, SCHEDULED, type AddedJob, type Batch, type Side, type TrialJob } from './jobs.ts';
import { OurWorkers } from './our-workers.ts';
import { Program } from './program.ts';
import { ourApp, run, withNode, type BullmqApp } from './sides.ts';
import type { Stage } from './stages.ts';

export interface TrialOptions {
  /** Empty, on a server of its own. */
  readonly redisUrl: string;
  readonly bullmq: BullmqApp;
  /** Upserts the schedulers of a BullMQ that keeps no data in them, as the guide says. */
  readonly newestFive: BullmqApp;
  /** Where the packed library is installed. */
  readonly ours: string;
}

export interface StageCount {
  readonly jobs: number;
  readonly byBullmq: number;
  readonly byOurs: number;
  readonly retried: number;
  readonly slots: number;
}

/** One BullMQ system, which moves in stages. Whatever is not as the guide says ends it with an error. */
export class Trial implements AsyncDisposable {
  readonly #options: TrialOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #runs: string;
  readonly #count: Count;
  readonly #ourFolder: string;
  readonly #added = new Map<string, AddedJob>();
  readonly #flows = new Map<string, readonly string[]>();
  readonly #finished: string[] = [];
  #left: readonly Batch[] = [];
  #theirs: Program | undefined;
  #theirWorkers: Program | undefined;
  #ours: Program | undefined;
  #ourWorkers: OurWorkers | undefined;
  /** False of an early BullMQ 5: what it called repeatable jobs goes on only where BullMQ works. */
  #hasSchedulers = true;
  #schedules: Side | undefined;

  constructor(options: TrialOptions) {
    this.#options = options;
    this.#runs = join(options.bullmq.folder, 'runs.jsonl');
    this.#count = new Count(this.#runs);
    this.#ourFolder = ourApp(options.ours, options.bullmq.version);
    this.#env = withNode({
      ...process.env,
      REDIS_URL: options.redisUrl,
      DATABASE_URL: '',
      SHIFTWORK_NAMESPACE: '',
      MOVE_RUNS: this.#runs,
      LOG_LEVEL: 'warn',
    });
  }

  /** The producers of BullMQ, and all that holds before the first stage. */
  async open(): Promise<void> {
    this.#theirs = await this.#startTheirs(this.#options.bullmq);
    await this.#schedule('BullMQ');
  }

  /** Goes through a stage, and answers what was counted in it. */
  async pass(stage: Stage, number: number): Promise<StageCount> {
    const producer = await this.#producer(stage.producer);
    const actor = await this.#producer(stage.acts);
    const slotsBefore = this.#count.slots().length;
    await producer.tell({ do: 'pause', queue: 'slow' });
    // Those who worked in the stage before work still.
    const waiting = await this.#add(producer, batchOf(`${number}a`, 30));
    await this.#work(stage);
    const fresh = await this.#add(producer, batchOf(`${number}b`, 10));
    const batches = [waiting, fresh];
    const due = batches.flatMap(batch => batch.due);
    await this.#done('what is due', due);
    due.push(...(await this.#bothTakePart(stage, producer, number)));

    const paused = batches.flatMap(batch => batch.paused);
    expect(
      [...this.#count.done(paused).values()].every(count => count === 0),
      'nothing to run in a paused queue',
    );
    await producer.tell({ do: 'resume', queue: 'slow' });
    await this.#done('the queue that was paused', paused);

    const failing = batches.flatMap(batch => batch.failing);
    await patiently(`${failing.length} jobs to have failed`, async () => {
      const states = await this.#ask<string>('states', failing);
      return states.every(state => state === 'failed');
    });
    expect(this.#count.failed(failing).length === 2 * failing.length, 'two attempts of each job that fails');

    const left = this.#left;
    this.#left = batches;
    const retried = await this.#pickUp(actor, left);
    await this.#slots(slotsBefore);
    const names = [...due, ...paused, ...retried];
    this.#finished.push(...names);
    this.checkOnce();
    return {
      jobs: names.length,
      byBullmq: this.#count.by('BullMQ', names),
      byOurs: this.#count.by('ours', names),
      retried: retried.length,
      slots: this.#count.slots().length - slotsBefore,
    };
  }

  /** What the last stage has left, by BullMQ; then all that was promised, over the whole way. Answers how many jobs there were. */
  async finish(): Promise<number> {
    const theirs = await this.#producer('BullMQ');
    this.#finished.push(...(await this.#pickUp(theirs, this.#left)));
    this.checkOnce();
    const early = this.#count.parentsTooEarly(this.#flows);
    expect(early.length === 0, `each parent to run behind its children, with their results, not ${early.join(', ')}`);
    const kept = [...this.#added.keys()];
    const states = await this.#ask<string>('states', kept);
    expect(
      states.every(state => state === 'completed'),
      `each job to be completed, found ${[...new Set(states)].join(', ')}`,
    );
    const results = await this.#ask<unknown>('results', kept);
    expect(
      results.every((result, index) => result === kept[index]),
      'BullMQ to read the result of each job',
    );
    return this.#finished.length;
  }

  /** @throws where a job was lost or ran twice, or a slot of a schedule did, or one lost its data */
  checkOnce(): void {
    const wrong = [...this.#count.done(this.#finished)].filter(([, count]) => count !== 1);
    expect(
      wrong.length === 0,
      `each job to run once, found ${wrong.map(([name, count]) => `${name}: ${count}`).join(', ')}`,
    );
    const slots = this.#count.slots();
    expect(new Set(slots.map(({ id }) => id)).size === slots.length, 'each slot of a schedule to run once');
    expect(
      slots.every(({ n, name }) => n === name),
      'each slot of a schedule to have its data',
    );
  }

  /** Looks with a user who may only read, while nobody works. */
  async adopt(): Promise<void> {
    await this.#work({ bullmq: [], ours: [] });
    const redis = new Redis(this.#options.redisUrl);
    try {
      await redis.acl('SETUSER', 'reader', 'on', '>secret', '~*', '+@read');
      const before = await digestOf(redis);
      const address = this.#options.redisUrl.replace('redis://', 'redis://reader:secret@');
      run(this.#options.ours, ['adopt', address], this.#ourFolder, this.#env);
      expect((await digestOf(redis)) === before, 'adopt to look only');
    } finally {
      redis.disconnect();
    }
    run(this.#options.ours, ['check', '--app', 'our.config.ts'], this.#ourFolder, this.#env);
    if (readFileSync(join(this.#ourFolder, 'adopted/REPORT.md'), 'utf8').includes('without data of their own')) {
      const newest = await this.#startTheirs(this.#options.newestFive);
      await newest.tell({ do: 'schedule' });
      await newest.end();
    }
  }

  async #add(producer: Program, batch: Batch): Promise<Batch> {
    const added = (await producer.tell({ do: 'add', jobs: batch.jobs })) as readonly AddedJob[];
    for (const job of added) this.#added.set(job.n, job);
    for (const { data, children } of batch.jobs) {
      if (children !== undefined)
        this.#flows.set(
          data.n,
          children.map(child => child.data.n),
        );
    }
    return batch;
  }

  /** Those of before stop only when the others have begun, as the guide says; where nobody is to work, they stop. */
  async #work(stage: Pick<Stage, 'bullmq' | 'ours'> & Partial<Stage>): Promise<void> {
    const before = { bullmq: this.#theirWorkers, ours: this.#ourWorkers };
    const schedules = stage.schedules ?? 'BullMQ';
    if (schedules !== this.#schedules && this.#schedules === 'BullMQ') await this.#theirs?.tell({ do: 'unschedule' });
    const ours =
      this.#hasSchedulers || schedules === 'ours' ? stage.ours : stage.ours.filter(queue => queue !== 'clock');
    if (ours.length > 0) {
      const env = { ...this.#env, MOVE_SCHEDULES: schedules };
      this.#ourWorkers = await OurWorkers.start(this.#options.ours, this.#ourFolder, env, ours);
    } else this.#ourWorkers = undefined;
    const repeating = !this.#hasSchedulers && schedules === 'BullMQ' && ours.length > 0 ? ['clock'] : [];
    const theirs = stage.bullmq.length > 0 ? stage.bullmq : repeating;
    if (theirs.length > 0) {
      this.#theirWorkers = await this.#startTheirs(this.#options.bullmq);
      await this.#theirWorkers.tell({ do: 'work', queues: theirs });
    } else this.#theirWorkers = undefined;
    await before.bullmq?.tell({ do: 'stop' });
    await before.bullmq?.end();
    await before.ours?.stop();
    if (schedules !== this.#schedules && schedules === 'BullMQ') await this.#schedule('BullMQ');
    this.#schedules = schedules;
  }

  async #schedule(by: Side): Promise<void> {
    this.#hasSchedulers = (await this.#theirs?.tell({ do: 'schedule' })) === 'schedulers';
    this.#schedules = by;
  }

  /** Where both work on a queue, each takes some. Answers the jobs that were added for that. */
  async #bothTakePart(stage: Stage, producer: Program, number: number): Promise<readonly string[]> {
    if (stage.bullmq.length === 0 || stage.ours.length === 0) return [];
    const names: string[] = [];
    await patiently('both sides to take jobs of one queue', async () => {
      const jobs = Array.from({ length: 5 }, (_, index): TrialJob => ({
        queue: 'mail',
        name: 'sendMail',
        data: { n: `${number}c/${names.length + index}` },
      }));
      names.push(...jobs.map(({ data }) => data.n));
      await this.#add(producer, { jobs, due: [], paused: [], delayed: [], failing: [] });
      await this.#done('more mails', names);
      return this.#count.by('BullMQ', names) > 0 && this.#count.by('ours', names) > 0;
    });
    return names;
  }

  /** What a stage before has left: what is delayed begins, what has failed is mended and runs again. Answers their names. */
  async #pickUp(actor: Program, batches: readonly Batch[]): Promise<readonly string[]> {
    const delayed = batches.flatMap(batch => batch.delayed);
    const failing = batches.flatMap(batch => batch.failing);
    const names = [...delayed, ...failing];
    expect(
      [...this.#count.done(names).values()].every(count => count === 0),
      'what is delayed or has failed to wait',
    );
    appendFileSync(`${this.#runs}.mended`, failing.map(name => `${name}\n`).join(''));
    await actor.tell({ do: 'promote', jobs: this.#jobsOf(delayed) });
    await actor.tell({ do: 'retry', jobs: this.#jobsOf(failing) });
    await this.#done('what was promoted and retried', names);
    return names;
  }

  /** Each schedule goes on: it runs twice more. */
  async #slots(before: number): Promise<void> {
    for (const scheduled of SCHEDULED) {
      await patiently(`${scheduled} to run twice`, () => {
        const since = this.#count.slots().slice(before);
        return since.filter(({ name }) => name === scheduled).length >= 2;
      });
    }
  }

  async #done(what: string, names: readonly string[]): Promise<void> {
    const missing = (): readonly string[] =>
      [...this.#count.done(names)].filter(([, count]) => count === 0).map(([n]) => n);
    await patiently(`${what} to run`, () => missing().length === 0).catch((error: unknown) => {
      throw new Error(`Expected ${what} to run, found these not run: ${missing().join(', ')}.`, { cause: error });
    });
  }

  /** As BullMQ sees these jobs. */
  async #ask<Answer>(what: 'states' | 'results', names: readonly string[]): Promise<readonly Answer[]> {
    const answer = await this.#theirs?.tell({ do: what, jobs: this.#jobsOf(names) });
    return answer as readonly Answer[];
  }

  #jobsOf(names: readonly string[]): readonly AddedJob[] {
    return names.flatMap(name => this.#added.get(name) ?? []);
  }

  async #producer(side: Side): Promise<Program> {
    if (side === 'ours') {
      const file = join(this.#ourFolder, 'our-producer.ts');
      return (this.#ours ??= await Program.start(file, this.#env, this.#ourFolder));
    }
    return (this.#theirs ??= await this.#startTheirs(this.#options.bullmq));
  }

  #startTheirs({ folder }: BullmqApp): Promise<Program> {
    return Program.start(join(folder, 'bullmq-app.ts'), this.#env, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#theirWorkers?.end();
    await this.#ourWorkers?.stop();
    await this.#ours?.end();
    await this.#theirs?.end();
  }
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Expected ${what}.`);
}

/** Of all keys and what they hold, but of those that go by themselves in a while, such as a lock. */
async function digestOf(redis: Redis): Promise<string> {
  const hash = createHash('sha256');
  for (const key of (await redis.keys('*')).toSorted()) {
    if ((await redis.pttl(key)) < 0) hash.update(key).update((await redis.dumpBuffer(key)) ?? '');
  }
  return hash.digest('hex');
}
