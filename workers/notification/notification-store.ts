import type { Pool } from 'pg';
import { defineResource } from '../../src/contracts/index.ts';
import { migrateSchema, type SchemaPart } from '../../src/migrations/index.ts';
import { orAway } from '../database-away.ts';
import { database } from '../database.ts';

export interface InAppNotification {
  /** The job's effect id: the same notification twice is one row. */
  readonly id: string;
  readonly userId: string;
  readonly title: string;
  readonly body: string;
  readonly link?: string | undefined;
}

export interface NotificationStore {
  /** @throws DeliveryError while the database is away */
  insert(notification: InAppNotification): Promise<void>;
  migrate(): Promise<void>;
}

/** Notified of each new row, its id as the payload: the text stays in the table. */
export const NOTIFICATION_CHANNEL = 'shiftwork_notifications';

export function createNotificationStore(pool: Pool): NotificationStore {
  return {
    async insert({ id, userId, title, body, link }) {
      // One statement: who is told of a row finds it.
      const stored = pool.query(
        `with added as (
           insert into shiftwork_notifications (id, user_id, title, body, link)
           values ($1, $2, $3, $4, $5) on conflict (id) do nothing returning id
         )
         select pg_notify($6, id) from added`,
        [id, userId, title, body, link ?? null, NOTIFICATION_CHANNEL],
      );
      await orAway(stored);
    },
    async migrate() {
      await migrateSchema(pool, NOTIFICATIONS);
    },
  };
}

export const notificationStore = defineResource<undefined, NotificationStore>({
  name: 'notification store',
  configure(_environment, { also }) {
    also(database);
    return undefined;
  },
  open: async (_config, { use }) => createNotificationStore(await use(database)),
  migrate: store => store.migrate(),
});

/** In the first schema of the search path: the table is the app's as much as ours. */
const NOTIFICATIONS: SchemaPart = {
  part: 'notifications',
  migrations: [
    {
      name: 'notifications',
      up: `
        create table if not exists shiftwork_notifications (
        id text primary key,
        user_id text not null,
        title text not null,
        body text not null,
        link text,
        created_at timestamptz not null default now(),
        read_at timestamptz
      );
        create index if not exists shiftwork_notifications_of_user on shiftwork_notifications (user_id, created_at desc)
      `,
    },
  ],
};
