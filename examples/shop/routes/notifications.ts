import { Router } from 'express';
import type { NotificationFeed } from '../store/notification-feed.ts';

/**
 * `GET /users/:id/notifications` and its live form, `.../stream` (Server-Sent Events). A real app would ask who is calling; here
 * knowing the user's random id is enough.
 */
export function notificationRoutes(feed: NotificationFeed): Router {
  return Router()
    .get('/users/:id/notifications', async (request, response) => {
      response.set('cache-control', 'no-store').json({ notifications: await feed.list(request.params.id) });
    })
    .get('/users/:id/notifications/stream', (request, response) => {
      response.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.flushHeaders();
      const stop = feed.follow(request.params.id, notification => {
        response.write(`id: ${notification.id}\ndata: ${JSON.stringify(notification)}\n\n`);
      });
      feed.onClose(() => response.end());
      response.once('close', stop);
    });
}
