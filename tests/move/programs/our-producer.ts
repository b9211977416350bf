import { connect, flow, type EnqueueOptions, type JobContract, type JobRequest } from '../../../src/index.ts';
import type { AddedJob, Order, TrialJob } from '../jobs.ts';
import app, { isContract } from './our.config.ts';

/** An app that enqueues with our client. It does what its parent tells it. */
const client = connect({ redis: process.env['REDIS_URL'], app });

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
      return Promise.all(order.jobs.map(({ queue, id }) => client.update(idOf(queue, id), { at: new Date() })));
    case 'retry':
      return Promise.all(order.jobs.map(({ queue, id }) => client.replay(idOf(queue, id), { by: 'the trial' })));
    case 'pause':
      return client.pause({ queue: order.queue }, { by: 'the trial' });
    case 'resume':
      return client.resume({ queue: order.queue });
    default:
      throw new Error(`Expected an order for a producer of ours, found ${order.do}.`);
  }
}

async function add(job: TrialJob): Promise<AddedJob> {
  const { id } =
    job.children === undefined
      ? await client.enqueue(contractOf(job), job.data, optionsOf(job))
      : await client.flow(flow(requestOf(job), job.children.map(requestOf)));
  return { n: job.data.n, queue: job.queue, id };
}

function requestOf(job: TrialJob): JobRequest {
  return contractOf(job)(job.data, optionsOf(job));
}

function contractOf({ name }: TrialJob): JobContract {
  const contract = app.jobs.get(name);
  if (contract === undefined || !isContract(contract))
    throw new Error(`Expected a contract of the name ${name}, found none.`);
  return contract;
}

function optionsOf({ delayMs, priority }: TrialJob): EnqueueOptions {
  return {
    ...(delayMs === undefined ? {} : { delay: delayMs }),
    ...(priority === undefined ? {} : { priority }),
  };
}

/** A job of another program is named with its queue. */
function idOf(queue: string, id: string): string {
  return id.startsWith(`${queue}-`) ? id : `${queue}/${id}`;
}
