import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Pool } from 'pg';
import { createEmailProducer } from '../../producers/index.ts';
import type { Tracer } from '../../src/tracing/index.ts';
import type { Outbox } from '../../src/outbox/index.ts';
import type { Client } from '../../src/queue/index.ts';
import { notFound, problems } from './problems.ts';
import { requestContext } from './request-context.ts';
import { jobRoutes } from './routes/jobs.ts';
import { newsletterRoutes } from './routes/newsletters.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { orderLiveRoutes } from './routes/order-live.ts';
import { orderRoutes } from './routes/orders.ts';
import { paymentRoutes } from './routes/payments.ts';
import { passwordResetRoutes } from './routes/password-resets.ts';
import { shipmentRoutes } from './routes/shipments.ts';
import { signupRoutes } from './routes/signup.ts';
import { userRoutes } from './routes/users.ts';
import type { NotificationFeed } from './store/notification-feed.ts';
import { digestsOf } from './store/digests.ts';
import { createUserStore } from './store/users.ts';

export interface ShopParts {
  readonly client: Client;
  readonly pool: Pool;
  readonly outbox: Outbox;
  /** Keeps installations apart, as the outbox's. */
  readonly namespace?: string | undefined;
  readonly feed: NotificationFeed;
  /** What the payment provider signs its messages with; without a secret they are believed unsigned, without this they are not taken. */
  readonly payments?: { readonly secret?: string | undefined } | undefined;
  readonly links: { readonly mailbox: string; readonly dashboard: string };
  /** Called with each error that no caller can mend. */
  readonly onError: (error: unknown) => void;
  /** Makes a span of each request; the client's tracer goes on from there. */
  readonly tracer?: Tracer | undefined;
}

/** The web app: it stores what it must, enqueues the rest, and answers. */
export function createShop(parts: ShopParts): Express {
  const { client, pool, outbox, namespace, feed, links, onError, tracer, payments } = parts;
  const digests = digestsOf(pool, 'shop_secret');
  const users = createUserStore(pool, digests);
  const email = createEmailProducer(client);

  const app = express();
  app.disable('x-powered-by');
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
          objectSrc: ["'none'"],
        },
      },
      // The shop of the first minutes is served over http on this machine.
      strictTransportSecurity: false,
    }),
  );
  app.use(requestContext(tracer));
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/links', (_request, response) => void response.json(links));
  if (payments !== undefined) app.use(paymentRoutes({ pool, outbox, namespace, secret: payments.secret }));
  // Bodies are JSON and nothing else: a form on a foreign page cannot send that without being asked.
  app.use(express.json({ limit: '64kb', strict: true, type: 'application/json' }));
  app.use(signupRoutes({ users, pool, outbox, client }));
  app.use(userRoutes({ users, outbox }));
  app.use(orderRoutes({ pool, outbox, client, digests }));
  app.use(orderLiveRoutes(client, feed, onError));
  app.use(shipmentRoutes({ pool, outbox }));
  app.use(passwordResetRoutes({ users, email, digests }));
  app.use(jobRoutes(client));
  app.use(newsletterRoutes(client));
  app.use(notificationRoutes(feed));
  app.use(
    express.static(fileURLToPath(new URL('page', import.meta.url)), {
      index: 'index.html',
      // The link in the mail is /reset.
      extensions: ['html'],
      maxAge: 0,
    }),
  );
  app.use(notFound);
  app.use(problems(onError));
  return app;
}
