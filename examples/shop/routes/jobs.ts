import { Router } from 'express';
import { catalogue } from '../../../jobs/index.ts';
import { parseJobId, type Client } from '../../../src/queue/index.ts';
import { Problem } from '../problems.ts';

const QUEUES: ReadonlySet<string> = new Set(catalogue.map(contract => contract.queue));

/** `GET /jobs/:id`: how far it is. Not its data, and not its errors: those are for who runs the shop. */
export function jobRoutes(client: Client): Router {
  return Router().get('/jobs/:id', async (request, response) => {
    const parts = parseJobId(request.params.id);
    // Looking into a queue opens it: strangers must not open queues by naming them.
    const isOurs = parts !== undefined && QUEUES.has(parts.queue);
    const job = isOurs ? await client.job(request.params.id) : undefined;
    if (job === undefined) throw new Problem(404, 'No such job is known.');
    const { id, name, queue, state, attemptsMade, enqueuedAt, finishedAt } = job;
    response.set('cache-control', 'no-store').json({ id, name, queue, state, attemptsMade, enqueuedAt, finishedAt });
  });
}
