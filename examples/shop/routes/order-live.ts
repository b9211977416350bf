import { Router } from 'express';
import { catalogue } from '../../../jobs/index.ts';
import { jobEvents } from '../../../src/http/index.ts';
import type { Client } from '../../../src/queue/index.ts';
import type { NotificationFeed } from '../store/notification-feed.ts';

const jobs = new Map(catalogue.map(contract => [contract.name, contract]));
const ADDRESS = /^\/orders\/(order-[\w-]{1,100})\/live$/;

/**
 * `GET /orders/:id/live`: the jobs of an order as they stand, live. Here knowing the order's number is enough, which is random; a real app asks who
 * is calling, and whether the order is theirs. Its streams are counted for each order, not for each address: behind a proxy all visitors have one.
 */
export function orderLiveRoutes(
  client: Client,
  feed: Pick<NotificationFeed, 'onClose'>,
  onError: (error: unknown) => void,
): Router {
  const live = jobEvents(client, {
    app: { jobs },
    allow: ({ url = '' }) => {
      const order = ADDRESS.exec(url)?.[1];
      return order === undefined ? undefined : { caller: order, tag: { order } };
    },
    onError,
  });
  // With the feed every stream of the shop ends.
  feed.onClose(() => live.close());
  return Router().get('/orders/:id/live', live.handler);
}
