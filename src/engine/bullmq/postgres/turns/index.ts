/**
 * Turns on PostgreSQL: k ends settled and n jobs taken in one statement, n jobs added in one, on BullMQ's own tables (read in the
 * functions of BullMQ 6.7.0, schema version 11; tests/twins compares both row by row and fails when a new BullMQ stores something else).
 */
export { insistOnTurns } from './insist-on-turns.ts';
export { PostgresTurnQueue, type PostgresTurnQueueOptions } from './postgres-turn-queue.ts';
export { WorkSigns } from './work-signs.ts';
import { ADD_SQL } from './add-sql.ts';
import { CHANGE_SQL } from './change-sql.ts';
import { EVENTS_SQL, EXTEND_SQL } from './events-sql.ts';
import { FINISH_SQL } from './finish-sql.ts';
import { GROUP_SQL } from './group-sql.ts';
import { MOVE_SQL } from './move-sql.ts';
import { KEY_SQL } from './key-sql.ts';
import { SETTLE_SQL } from './settle-sql.ts';
import { TAKE_WITHIN_SQL } from './take-within-sql.ts';
import { STEP_SQL } from './step-sql.ts';
import { TAKE_SQL } from './take-sql.ts';
import { TURN_SQL } from './turn-sql.ts';

/** Made by `migrate`, after BullMQ's schema and our own tables; safe to repeat. */
export const TURN_FUNCTIONS = [
  EVENTS_SQL,
  EXTEND_SQL,
  CHANGE_SQL,
  KEY_SQL,
  FINISH_SQL,
  MOVE_SQL,
  SETTLE_SQL,
  STEP_SQL,
  TAKE_SQL,
  TURN_SQL,
  ADD_SQL,
].join('\n');

/** Made after them: the turns of queues whose jobs belong to groups. */
export const GROUP_FUNCTIONS = [GROUP_SQL, TAKE_WITHIN_SQL].join('\n');
