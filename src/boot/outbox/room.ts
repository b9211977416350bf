import type { Room } from '../room.ts';

export const outboxRoom: Room = {
  name: 'outbox',
  commands: {
    outbox: {
      summary: 'what the outbox holds; or send again what the engine has lost',
      load: async () => (await import('./outbox.ts')).outbox,
    },
    relay: {
      summary: 'bring the outbox to queues and bus, and run the reactions, until SIGTERM or SIGINT',
      load: async () => (await import('./relay.ts')).relay,
    },
  },
  tables: {
    schema: async namespace => (await import('../../outbox/index.ts')).outboxSchema(namespace),
    // Nothing in an app says whether it writes into an outbox; DATABASE_URL does.
    needed: () => true,
    prepare: async ({ pool, engine, namespace }) => {
      const { shareOutboxSecret } = await import('../../outbox/index.ts');
      // The engine may be away now; then the relay does it when it starts.
      await shareOutboxSecret(pool, engine, namespace).catch(() => undefined);
      return [];
    },
  },
};
