import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { callWithin } from '../resilience/index.ts';
import { borrow } from './borrow.ts';
import { sleepOrStop } from '../time/index.ts';

export interface ListenParts {
  readonly pool: Pool;
  readonly channel: string;
  /** Called with what somebody has notified the channel of, and without anything each time listening begins: what was said before is not known. */
  readonly called: (said?: string) => void;
  /** Called when the connection is lost; `called` follows when listening has begun again. */
  readonly deaf?: () => void;
  readonly signal: AbortSignal;
  /** How often the connection is asked whether it is still there. */
  readonly askEveryMs?: number;
}

const AGAIN_MS = 1_000;
const ASK_EVERY_MS = 15_000;
const ANSWER_MS = 5_000;

/**
 * Listens to a channel on one connection of the pool until the signal aborts. It begins anew where that connection is lost or has gone silent,
 * which a connection that only listens would never notice. Its callers poll too. It never rejects.
 */
export async function listen(parts: ListenParts): Promise<void> {
  const { pool, deaf, signal } = parts;
  while (!signal.aborted) {
    // A connection that listens does not go back to the pool.
    await borrow(
      pool,
      () => true,
      (client, lost) => hear(client, lost, parts),
    ).catch(() => deaf?.());
    await sleepOrStop(AGAIN_MS, signal);
  }
}

/** Rejects in any case, with the connection's error or with the signal's reason. */
async function hear(
  client: PoolClient,
  lost: Promise<never>,
  { channel, called, signal, askEveryMs = ASK_EVERY_MS }: ListenParts,
): Promise<never> {
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  const end = (): void => ended.reject(new Error('The connection was closed.'));
  client.on('end', end);
  const heard = ({ payload }: { readonly payload?: string | undefined }): void => called(payload);
  client.on('notification', heard);
  try {
    const answered = (statement: string): Promise<unknown> =>
      callWithin({ what: 'a statement', limitMs: ANSWER_MS, signal }, () =>
        Promise.race([client.query(statement), lost, ended.promise]),
      );
    await answered(`listen "${channel}"`);
    called();
    for (;;) {
      await Promise.race([sleep(askEveryMs, undefined, { signal }), lost, ended.promise]);
      await answered('select 1');
    }
  } finally {
    client.off('end', end);
    client.off('notification', heard);
  }
}
