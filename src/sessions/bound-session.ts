import type { ClientBase } from 'pg';

export interface SessionBounds {
  /** The server ends a transaction that stands still for so long: its host may have vanished, and its locks would stay. */
  readonly idleInTransactionMs: number;
  /** The server ends a statement that takes longer. Left out: no limit. */
  readonly statementMs?: number;
}

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
  return client => client.query(settings).then(settled, settled);
}

function settled(): void {
  // Whoever uses a connection that is lost already gets its error.
}
