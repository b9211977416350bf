import { Router } from 'express';
import type { NotificationFeed } from '../store/notification-feed.ts';
import { pathIdOf } from '../problems.ts';

/**
 * `GET /users/:id/notifications` and its live form, `.../stream` (Server-Sent Events). Here knowing a user's id is enough, and
 * signing up again with the same address tells it: a real app asks who is calling before it answers.
 */
export function notificationRoutes(feed: NotificationFeed): Router {
  return Router()
    .get('/users/:id/notifications', async (request, response) => {
      const notifications = await feed.list(pathIdOf(request.params.id, 'user'));
      response.set('cache-control', 'no-store').json({ notifications });
    })
    .get('/users/:id/notifications/stream', (request, response) => {
      const userId = pathIdOf(request.params.id, 'user');
      response.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.flushHeaders();
      const unfollow = feed.follow(userId, notification => {
        response.write(`id: ${notification.id}\ndata: ${JSON.stringify(notification)}\n\n`);
      });
      const forget = feed.onClose(() => response.end());
      response.once('close', () => {
        unfollow();
        forget();
      });
    });
}
