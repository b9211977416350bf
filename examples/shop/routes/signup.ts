import { Router } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import { emailAddress, personName, reactions, userRegistered } from '../../../jobs/index.ts';
import type { EventRequest } from '../../../src/contracts/index.ts';
import { reactNow } from '../../../src/events/index.ts';
import type { Outbox } from '../../../src/outbox/index.ts';
import type { Client } from '../../../src/queue/index.ts';
import { bodyOf } from '../problems.ts';
import { currentCorrelationId } from '../request-context.ts';
import type { User, UserStore } from '../store/users.ts';

const body = z.strictObject({ email: emailAddress, name: personName });

export interface SignupParts {
  readonly users: UserStore;
  readonly pool: Pool;
  readonly outbox: Outbox;
  readonly client: Client;
}

/**
 * `POST /signup`. The user, the event that there is one and the jobs that follow are written in one transaction: all or nothing, at
 * whichever line the process ends. Then the jobs are enqueued at once, so that the answer is about jobs that are queued; while the
 * queues are away it is 503, and the relay brings them when they are back.
 *
 * Signing up again with the same address answers as the first time did: the jobs' ids are made from the event's, which is the user's.
 */
export function signupRoutes({ users, pool, outbox, client }: SignupParts): Router {
  return Router().post('/signup', async (request, response) => {
    const correlationId = currentCorrelationId();
    const user = await users.signUp(bodyOf(request, body), async (tx, created) => {
      await outbox.publish(tx, registered(created, correlationId), { order: created.id, reactions });
    });
    const receipts = await reactNow(client, registered(user, correlationId), reactions);
    const ids = receipts.map(({ id }) => id);
    // Should this fail, the relay sends them too, with the same ids.
    await outbox.markSent(pool, ids).catch(() => undefined);
    const [welcomeEmail, identify, track, notification] = ids;
    response.status(202).json({ userId: user.id, jobs: { welcomeEmail, identify, track, notification }, jobIds: ids });
  });
}

/** The same event for the same user, however often it is stated. */
function registered(user: User, correlationId: string): EventRequest {
  return userRegistered(
    { userId: user.id, email: user.email, name: user.name },
    { id: `registered-${user.id}`, timestamp: new Date(user.createdAt), correlationId, userId: user.id },
  );
}
