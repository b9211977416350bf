import { Router } from 'express';
import type { Client } from '../../../src/queue/index.ts';
import { Problem } from '../problems.ts';

/** `GET /jobs/:id`: how far it is. Not its data, and not its errors: those are for who runs the shop. */
export function jobRoutes(client: Client): Router {
  return Router().get('/jobs/:id', async (request, response) => {
    const job = await client.job(request.params.id);
    if (job === undefined) throw new Problem(404, 'No such job is known.');
    const { id, name, queue, state, attemptsMade, enqueuedAt, finishedAt } = job;
    response.set('cache-control', 'no-store').json({ id, name, queue, state, attemptsMade, enqueuedAt, finishedAt });
  });
}
