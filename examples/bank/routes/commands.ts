import { Router, type Request } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import type { AppendOptions } from '../../../src/event-store/index.ts';
import { bodyOf, Problem } from '../../shop/problems.ts';
import { currentCorrelationId } from '../../shop/request-context.ts';
import { digestsOf } from '../../shop/store/digests.ts';
import type { Bank } from '../bank.ts';
import { amount, currency } from '../events.ts';
import { idempotent, type Answer } from '../idempotent.ts';
import { id, pathId, userOf } from './fields.ts';

const description = z.string().max(200).default('');
const opening = z.strictObject({
  ownerId: id,
  ownerName: z.string().min(1).max(100).default('Unknown'),
  initialBalance: z.int().min(0).max(1_000_000_000_000),
  currency,
});
const movement = z.strictObject({ amount, description });
const closure = z.strictObject({ reason: z.string().max(200).default('') });
const transfer = z
  .strictObject({ fromAccountId: id, toAccountId: id, amount, description })
  .refine(({ fromAccountId, toAccountId }) => fromAccountId !== toAccountId, {
    path: ['toAccountId'],
    error: 'expected another account than the one to transfer from',
  });

/** What changes something. Every answer has the position that a GET can wait for. */
export function commandRoutes(bank: Bank, pool: Pool): Router {
  const router = Router();
  const digests = digestsOf(pool, 'bank.secret');
  const command = <Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    act: (body: z.output<Schema>, request: Request, options: AppendOptions) => Promise<Answer>,
  ): void => {
    router.post(path, async (request, response) => {
      const body = bodyOf(request, schema);
      const userId = userOf(request);
      const asked = { key: request.get('idempotency-key'), userId, path: request.path, body };
      const correlationId = currentCorrelationId();
      const { status, body: answer } = await idempotent({ pool, digests }, asked, tx =>
        act(body, request, { tx, correlationId, ...(userId !== undefined && { userId }) }),
      );
      await bank.keepSnapshots();
      response.status(status).json(answer);
    });
  };
  const done = (status: number, body: Readonly<Record<string, unknown>>): Answer => ({ status, body });

  command('/accounts', opening, async (body, _, options) => done(201, await bank.open(body, options)));
  command('/accounts/:id/deposits', movement, async (body, request, options) =>
    done(201, await bank.execute(pathId(request), { type: 'deposit', ...body }, options)),
  );
  command('/accounts/:id/withdrawals', movement, async (body, request, options) =>
    done(201, await bank.execute(pathId(request), { type: 'withdraw', ...body }, options)),
  );
  command('/accounts/:id/closure', closure, async (body, request, options) =>
    done(201, await bank.execute(pathId(request), { type: 'close', ...body }, options)),
  );
  command('/transfers', transfer, async (body, _, options) => done(202, await bank.transfer(body, options)));
  command('/owners/:id/erasure', z.strictObject({}), async (_, request, options) =>
    done(202, await bank.eraseOwner(pathId(request), options)),
  );
  router.use((request, _, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') next();
    else next(new Problem(404, 'Nothing is here.'));
  });
  return router;
}
