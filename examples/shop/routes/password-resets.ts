import { Router } from 'express';
import { z } from 'zod';
import { emailAddress } from '../../../jobs/index.ts';
import type { EmailProducer } from '../../../producers/index.ts';
import { IdempotencyConflictError } from '../../../src/queue/index.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import { bodyOf, Problem } from '../problems.ts';
import { currentCorrelationId } from '../request-context.ts';
import type { Digests } from '../store/digests.ts';
import type { UserStore } from '../store/users.ts';

const body = z.strictObject({ email: emailAddress });

/**
 * `POST /password-resets`. Answers and mails alike whether there is such an account or not, so that nobody can find out who has one;
 * without an account the link opens nothing. A few an hour for each address. With an `Idempotency-Key` a repeat sends no second mail.
 */
export function passwordResetRoutes({
  users,
  email,
  digests,
}: {
  readonly users: UserStore;
  readonly email: EmailProducer;
  readonly digests: Digests;
}): Router {
  return Router().post('/password-resets', async (request, response) => {
    const { email: address } = bodyOf(request, body);
    const idempotencyKey = await idempotencyKeyOf(request, address, digests);
    const resetToken = await users.beginReset(address);
    if (resetToken === undefined) throw new Problem(429, 'That was asked for too often; try again in an hour.');
    const id = await email
      .sendPasswordReset(
        { email: address, resetToken },
        { correlationId: currentCorrelationId(), ...(idempotencyKey !== undefined && { idempotencyKey }) },
      )
      .then(
        receipt => receipt.id,
        async (error: unknown) => {
          // No mail was promised for this token: it opens nothing, and the person may ask again.
          await users.dropReset(resetToken);
          // The same request again differs in its token alone, and the first one's mail is on its way.
          if (error instanceof IdempotencyConflictError) return error.jobId;
          throw error;
        },
      );
    response.status(202).json({ jobs: { passwordReset: id }, jobIds: [id] });
  });
}
