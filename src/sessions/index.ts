/**
 * How a long-lived session with PostgreSQL behaves: a connection that goes silent is noticed and replaced, a transaction whose client has
 * vanished lets go of its locks, a LISTEN that hears nothing any more begins anew. For outbox, event store and whoever opens a pool.
 */
export { askWithin } from './ask-within.ts';
export { boundSession } from './bound-session.ts';
export { listen, type ListenParts } from './listen.ts';
export { lentSessionProblem, searchPathProblem, wrongSearchPath } from './pooler.ts';
export { inTransaction } from './transaction.ts';
