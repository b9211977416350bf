import { Client, type Pool } from 'pg';
import { NOTIFICATION_CHANNEL } from '../../../workers/index.ts';

export interface ShownNotification {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly link: string | null;
  readonly createdAt: string;
}

export interface NotificationFeed {
  /** The newest first. */
  list(userId: string): Promise<readonly ShownNotification[]>;
  /** Every notification of the user, those stored already first. Returns a function that stops. */
  follow(userId: string, show: (notification: ShownNotification) => void): () => void;
  /** Called when the shop closes. Returns a function that forgets the listener. */
  onClose(listener: () => void): () => void;
  close(): void;
}

/** PostgreSQL says at once that something is new; asking now and then is the net under it. */
const ASK_AGAIN_MS = 3_000;

export function createFeed(pool: Pool, databaseUrl: string): NotificationFeed {
  const followers = new Set<() => void>();
  const closers = new Set<() => void>();
  const wake = (): void => {
    for (const look of followers) look();
  };
  const net = setInterval(wake, ASK_AGAIN_MS);
  let closed = false;
  let listener: Client | undefined;

  const listen = async (): Promise<void> => {
    if (closed) return;
    const client = new Client({ connectionString: databaseUrl, keepAlive: true });
    listener = client;
    client.on('notification', wake);
    // The next attempt is made when this one is over, whichever way.
    client.on('error', () => undefined);
    client.once('end', () => setTimeout(() => void listen(), 1_000).unref());
    try {
      await client.connect();
      await client.query(`listen ${NOTIFICATION_CHANNEL}`);
      wake();
    } catch {
      await client.end().catch(() => undefined);
    }
  };
  void listen();

  const list = async (userId: string): Promise<readonly ShownNotification[]> => {
    const { rows } = await pool.query<Omit<ShownNotification, 'createdAt'> & { created_at: Date }>(
      'select id, title, body, link, created_at from shiftwork_notifications where user_id = $1 order by created_at desc limit 50',
      [userId],
    );
    return rows.map(({ created_at: createdAt, ...row }) => ({ ...row, createdAt: createdAt.toISOString() }));
  };

  return {
    list,
    follow(userId, show) {
      const seen = new Set<string>();
      let isLooking = false;
      let isWanted = false;
      const look = async (): Promise<void> => {
        // One look at a time; what comes while it reads is found by another.
        isWanted = true;
        if (isLooking) return;
        isLooking = true;
        try {
          while (isWanted && followers.has(follower)) {
            isWanted = false;
            for (const notification of (await list(userId)).toReversed()) {
              if (seen.has(notification.id)) continue;
              seen.add(notification.id);
              show(notification);
            }
          }
        } catch {
          // The database is away; the net asks again.
        } finally {
          isLooking = false;
        }
      };
      const follower = (): void => void look();
      followers.add(follower);
      follower();
      return () => followers.delete(follower);
    },
    onClose(each) {
      closers.add(each);
      return () => closers.delete(each);
    },
    close() {
      closed = true;
      clearInterval(net);
      for (const each of closers) each();
      void listener?.end().catch(() => undefined);
    },
  };
}
