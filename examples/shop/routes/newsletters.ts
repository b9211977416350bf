import { Router } from 'express';
import { z } from 'zod';
import { newsletterLetter } from '../../../jobs/index.ts';
import type { Client } from '../../../src/queue/index.ts';
import { bodyOf, Problem } from '../problems.ts';
import { id } from './fields.ts';

const READERS = 500;
const body = z.strictObject({ issue: id, title: z.string().min(1).max(200) });

/**
 * `POST /newsletters {issue, title}` sends one letter to each of 500 made-up readers, as one batch: an issue is sent once, however often it is asked
 * for. `GET /newsletters/:id` counts them.
 */
export function newsletterRoutes(client: Client): Router {
  return Router()
    .post('/newsletters', async (request, response) => {
      const letter = bodyOf(request, body);
      const { id: batchId } = await client.batch({
        name: `newsletter ${letter.issue}`,
        jobs: Array.from({ length: READERS }, (_, nth) =>
          newsletterLetter({ ...letter, email: `reader-${nth + 1}@example.com` }),
        ),
        idempotencyKey: letter.issue,
      });
      response.status(202).json({ batchId, total: READERS, jobIds: [] });
    })
    .get('/newsletters/:id', async (request, response) => {
      const batch = await client.batchView(request.params.id);
      if (batch === undefined) throw new Problem(404, 'No such newsletter is known.');
      const { state, total, done, ended } = batch;
      response.set('cache-control', 'no-store').json({ state, total, done, succeeded: ended.succeeded });
    });
}
