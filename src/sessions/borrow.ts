import type { Pool, PoolClient } from 'pg';
import { toError } from '../errors/index.ts';
import { callWithin } from '../resilience/index.ts';

/** A pool that opens a connection to a server which says nothing may wait for it as long as the system does. */
const CONNECT_MS = 10_000;

/** What a borrowed client is used for: `lost` rejects as soon as its connection has ended. */
export type Use<Result> = (client: PoolClient, lost: Promise<never>) => Promise<Result>;

/**
 * Borrows a client and gives it back. One whose connection has ended, or whose use has failed in a way that leaves its state unknown
 * (`spoils` says so), is not used again.
 */
export async function borrow<Result>(
  pool: Pool,
  spoils: (error: unknown) => boolean,
  use: Use<Result>,
): Promise<Result> {
  const client = await connect(pool);
  let broken: Error | undefined;
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => undefined);
  // While it is borrowed the pool does not listen, and an error without a listener ends the process.
  const lost = (error: Error): void => {
    broken = error;
    gone.reject(error);
  };
  client.on('error', lost);
  try {
    return await use(client, gone.promise);
  } catch (error) {
    if (spoils(error)) broken ??= toError(error);
    throw error;
  } finally {
    client.off('error', lost);
    client.release(broken);
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  const coming = pool.connect();
  try {
    return await callWithin({ what: 'a connection to the database', limitMs: CONNECT_MS }, () => coming);
  } catch (error) {
    // It may come after all: nobody waits for it any more.
    coming.then(
      client => client.release(),
      () => undefined,
    );
    throw error;
  }
}
