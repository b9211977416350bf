import { FlowProducer, Queue, Worker, type FlowJob, type Job, type JobsOptions } from 'bullmq';
import { Redis } from 'ioredis';
import type { AddedJob, Order, TrialJob } from '../jobs.ts';
import { perform } from './perform.ts';

/** An app that knows BullMQ alone: producers, workers, and what its dashboard would do. It does what its parent tells it. */
const connection = new Redis(process.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: null });
const queues = new Map<string, Queue>();
const flows = new FlowProducer({ connection });
const workers: Worker[] = [];
const PRIORITY = { high: 1, low: 10 } as const;

process.on('message', (order: Order & { readonly number: number }) => {
  follow(order).then(
    answer => process.send?.({ number: order.number, answer }),
    (error: unknown) => process.send?.({ number: order.number, error: String(error) }),
  );
});
process.once('disconnect', () => process.exit());
process.send?.({ number: 0, answer: 'ready' });

async function follow(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'add':
      return Promise.all(order.jobs.map(add));
    case 'promote':
      return eachOf(order.jobs, job => job.promote());
    case 'retry':
      return eachOf(order.jobs, job => job.retry());
    case 'states':
      return eachOf(order.jobs, job => job.getState());
    case 'results':
      return eachOf(order.jobs, job => Promise.resolve(job.returnvalue));
    case 'pause':
      return queueOf(order.queue).pause();
    case 'resume':
      return queueOf(order.queue).resume();
    case 'schedule':
      return schedule();
    case 'unschedule':
      return unschedule();
    case 'work':
      workers.push(...order.queues.map(work));
      return Promise.all(workers.map(worker => worker.waitUntilReady())).then(() => 'ready');
    case 'stop':
      return Promise.all(workers.splice(0).map(worker => worker.close()));
  }
}

function queueOf(name: string): Queue {
  const queue = queues.get(name) ?? new Queue(name, { connection });
  queues.set(name, queue);
  return queue;
}

async function add(job: TrialJob): Promise<AddedJob> {
  const added =
    job.children === undefined
      ? await queueOf(job.queue).add(job.name, job.data, optionsOf(job))
      : (await flows.add(nodeOf(job))).job;
  return { n: job.data.n, queue: job.queue, id: added.id ?? '' };
}

function nodeOf(job: TrialJob): FlowJob {
  const { name, queue: queueName, data, children = [] } = job;
  return { name, queueName, data, opts: optionsOf(job), children: children.map(nodeOf) };
}

function optionsOf({ delayMs, priority, attempts }: TrialJob): JobsOptions {
  return {
    ...(delayMs === undefined ? {} : { delay: delayMs }),
    ...(priority === undefined ? {} : { priority: PRIORITY[priority] }),
    ...(attempts === undefined ? {} : { attempts, backoff: { type: 'fixed', delay: 200 } }),
  };
}

async function eachOf<Answer>(jobs: readonly AddedJob[], act: (job: Job) => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(
    jobs.map(async ({ queue, id, n }) => {
      const job: Job | undefined = await queueOf(queue).getJob(id);
      if (job === undefined) throw new Error(`Expected the job ${n} in ${queue}, found none of the id ${id}.`);
      return act(job);
    }),
  );
}

const TIMES = [
  { name: 'everySecond', repeat: { every: 1_000 } },
  { name: 'everyOther', repeat: { pattern: '*/2 * * * * *' } },
];

/** With schedulers where this BullMQ has them, else with what early ones called repeatable jobs. Answers which. */
async function schedule(): Promise<'schedulers' | 'repeatables'> {
  const clock = queueOf('clock');
  const modern = 'upsertJobScheduler' in clock;
  for (const { name, repeat } of TIMES) {
    if (modern) await clock.upsertJobScheduler(name, repeat, { name, data: { n: name } });
    else await Reflect.apply(addOf(clock), clock, [name, { n: name }, { repeat }]);
  }
  return modern ? 'schedulers' : 'repeatables';
}

async function unschedule(): Promise<void> {
  const clock: Queue = queueOf('clock');
  for (const { name, repeat } of TIMES) {
    if ('upsertJobScheduler' in clock) await clock.removeJobScheduler(name);
    else await Reflect.apply(Reflect.get(clock, 'removeRepeatable') as () => unknown, clock, [name, repeat]);
  }
}

/** Typed as the newest BullMQ, which takes no repeatable jobs. */
function addOf(queue: Queue): () => unknown {
  return Reflect.get(queue, 'add') as () => unknown;
}

function work(queue: string): Worker {
  const process = async (job: Job): Promise<unknown> => {
    const children = Object.values(await job.getChildrenValues<string>());
    return perform({ by: 'BullMQ', name: job.name, id: job.id ?? '', children }, job.data);
  };
  const worker = new Worker(queue, process, { connection, concurrency: 2, maxStalledCount: 5 });
  worker.on('error', error => console.error(error));
  return worker;
}
