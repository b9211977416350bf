import { Router } from 'express';
import { z } from 'zod';
import { emailAddress, personName, reactions, userUpdated } from '../../../jobs/index.ts';
import type { Outbox, OutboxReceipt } from '../../../src/outbox/index.ts';
import { bodyOf, pathIdOf, Problem } from '../problems.ts';
import { currentCorrelationId } from '../request-context.ts';
import type { UserStore } from '../store/users.ts';

const body = z.strictObject({ email: emailAddress.optional(), name: personName.optional() });

/**
 * `PATCH /users/:id`. The change and the event that says what changed are written in one transaction; the relay brings its jobs. No
 * queue is asked, so this works while they are away. Asking for what is so already changes nothing and states nothing.
 */
export function userRoutes({ users, outbox }: { readonly users: UserStore; readonly outbox: Outbox }): Router {
  return Router().patch('/users/:id', async (request, response) => {
    const changes = bodyOf(request, body);
    const userId = pathIdOf(request.params.id, 'user');
    let jobs: readonly OutboxReceipt[] = [];
    const user = await users
      .update(userId, withoutGaps(changes), async (tx, _user, changed) => {
        const event = userUpdated({ userId, ...changed }, { correlationId: currentCorrelationId(), userId });
        ({ jobs } = await outbox.publish(tx, event, { order: userId, reactions }));
      })
      .catch((error: unknown) => {
        throw isTaken(error) ? new Problem(409, 'Somebody has that address already.') : error;
      });
    if (user === undefined) throw new Problem(404, 'No such user is known.');
    const { email, name } = user;
    response.status(202).json({ userId, email, name, jobIds: jobs.map(({ id }) => id) });
  });
}

/** JSON has no `undefined`; what is left out is left as it is. */
function withoutGaps({ email, name }: z.output<typeof body>) {
  return { ...(email !== undefined && { email }), ...(name !== undefined && { name }) };
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && error.constraint === 'shop_users_email';
}
