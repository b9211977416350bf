import { Router } from 'express';
import { z } from 'zod';
import { emailAddress, personName } from '../../../jobs/index.ts';
import type { AnalyticsProducer, EmailProducer, NotificationProducer } from '../../../producers/index.ts';
import { bodyOf } from '../problems.ts';
import { currentCorrelationId } from '../request-context.ts';
import type { UserStore } from '../store/users.ts';

const body = z.strictObject({ email: emailAddress, name: personName });

export interface SignupParts {
  readonly users: UserStore;
  readonly email: EmailProducer;
  readonly analytics: AnalyticsProducer;
  readonly notifications: NotificationProducer;
}

/**
 * `POST /signup`. Signing up again with the same address answers as the first time did: every job has a key made of the user, so
 * what was queued is not queued again, and what was missed because the process died half-way is. So it needs no `Idempotency-Key`.
 */
export function signupRoutes({ users, email, analytics, notifications }: SignupParts): Router {
  return Router().post('/signup', async (request, response) => {
    const user = await users.signUp(bodyOf(request, body));
    const options = { correlationId: currentCorrelationId() };
    const [welcome, identified, tracked, notified] = await Promise.all([
      email.sendWelcomeEmail({ userId: user.id, email: user.email, name: user.name }, options),
      analytics.identify({ messageId: `identify-${user.id}`, userId: user.id, timestamp: user.createdAt }, options),
      analytics.track(
        { messageId: `signed-up-${user.id}`, userId: user.id, event: 'User Signed Up', timestamp: user.createdAt },
        options,
      ),
      notifications.notifyInApp(
        { userId: user.id, title: `Welcome, ${user.name}`, body: 'Your account is ready.', link: '/' },
        { ...options, idempotencyKey: `welcome:${user.id}` },
      ),
    ]);
    const jobs = { welcomeEmail: welcome.id, identify: identified.id, track: tracked.id, notification: notified.id };
    response.status(202).json({ userId: user.id, jobs, jobIds: Object.values(jobs) });
  });
}
