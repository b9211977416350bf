/**
 * A producer's call is answered within two seconds. Each step gets less, because the reply still has to travel:
 * waiting for a connection, or waiting for an answer on one that has gone silent.
 */
export const FAIL_FAST_MS = 1_750;

/** BullMQ keeps 10,000 events a queue; nothing here reads more than the latest few. */
export const EVENTS_KEPT = 1_000;
