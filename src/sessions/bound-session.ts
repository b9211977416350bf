import type { ClientBase } from 'pg';

export interface SessionBounds {
  /** The server ends a transaction that stands still for so long: its host may have vanished, and its locks would stay. */
  readonly idleInTransactionMs: number;
  /** The server ends a statement that takes longer. Left out: no limit. */
  readonly statementMs?: number;
}

/**
 * A statement that waits for a lock, or has much to do, does not hear that its client has cut the connection: after an outage those who were given up
 * would stand before those who ask again, each with a connection, until the server's own limit. It looks so often; not on every platform.
 */
const GONE_MS = 500;

/**
 * For a pool's `onConnect`: bounds every session of it, by its first statement and not by the options of its start, since poolers in
 * between refuse options that they do not know. Behind one that refuses SET as well the session stays without bounds.
 */
export function boundSession({
  idleInTransactionMs,
  statementMs,
}: SessionBounds): (client: ClientBase) => Promise<void> {
  const settings = [
    `set idle_in_transaction_session_timeout = ${Math.round(idleInTransactionMs)}`,
    ...(statementMs === undefined ? [] : [`set statement_timeout = ${Math.round(statementMs)}`]),
  ].join('; ');
  // By itself: a server that cannot look would take back the bounds as well.
  const looks = `set client_connection_check_interval = ${GONE_MS}`;
  return client =>
    client
      .query(settings)
      .then(settled, settled)
      .then(() => client.query(looks))
      .then(settled, settled);
}

function settled(): void {
  // Whoever uses a connection that is lost already gets its error.
}
