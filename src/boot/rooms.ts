import { eventsRoom } from './bus/room.ts';
import { eventStoreRoom } from './event-store/room.ts';
import { httpRoom } from './http/room.ts';
import { journalRoom } from './journal/room.ts';
import { outboxRoom } from './outbox/room.ts';
import type { Room } from './room.ts';

/** Every room that brings something: the one list of them. */
export const ROOMS: readonly Room[] = [outboxRoom, eventStoreRoom, eventsRoom, httpRoom, journalRoom];
