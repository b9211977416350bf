import { Environment, readNamespace, readRedisUrl } from '../../config/index.ts';
import { Facts } from '../../facts/index.ts';
import type { Room } from '../room.ts';

export const eventsRoom: Room = {
  name: 'events',
  commands: {
    events: {
      summary: 'follow the events, run a reaction over past ones, look after their dead letters',
      load: async () => (await import('./events.ts')).events,
    },
  },
  /** Of events at RABBITMQ_URL, else REDIS_URL. Elsewhere events live in one process, which repeats nothing and keeps nothing. */
  async letters(app, variables) {
    const environment = new Environment(variables);
    const redis = readRedisUrl(environment)?.href;
    const rabbitmq = environment.url('RABBITMQ_URL', { protocols: ['amqp:', 'amqps:'] })?.href;
    const namespace = readNamespace(environment);
    environment.check();
    if (app.events.size === 0 || (redis ?? rabbitmq) === undefined) return undefined;
    const { openBus } = await import('./open-bus.ts');
    const { lettersOfBus } = await import('./letters-of-bus.ts');
    const bus = await openBus(app, new Facts(), { redis, rabbitmq, namespace });
    return { source: lettersOfBus(bus), close: () => bus.close(500) };
  },
};
