import { FlowProducer, type BackendFactory, type FlowJob, type IQueueBackend } from 'bullmq';
import { optionsOf, type NewFlow } from '../turns/index.ts';

/**
 * Leans on BullMQ 6.7's FlowProducer, and on the prefix that a node of a flow may have: adds a flow by BullMQ's own scripts, all of its jobs or none.
 * `prefixOf`: of the keys of a queue, on Redis.
 */
export async function addFlow(
  backend: BackendFactory<IQueueBackend, unknown>,
  flow: NewFlow,
  prefixOf: (queue: string) => Promise<string | undefined>,
): Promise<void> {
  const producer = new FlowProducer({ connection: {} }, backend);
  producer.on('error', () => undefined);
  await producer.add(await nodeOf(flow, prefixOf));
}

/** Each once. */
export function queuesOf(flow: NewFlow): readonly string[] {
  return [...new Set([flow.queue, ...flow.children.flatMap(queuesOf)])];
}

async function nodeOf(
  { queue, job, children }: NewFlow,
  prefixOf: (queue: string) => Promise<string | undefined>,
): Promise<FlowJob> {
  const prefix = await prefixOf(queue);
  const nodes = await Promise.all(children.map(child => nodeOf(child, prefixOf)));
  return {
    name: job.name,
    queueName: queue,
    data: JSON.parse(job.data) as unknown,
    opts: { ...optionsOf(job), jobId: job.id, timestamp: job.timestamp },
    ...(prefix !== undefined && { prefix }),
    ...(nodes.length > 0 && { children: nodes }),
  };
}
