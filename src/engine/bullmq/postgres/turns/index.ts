/**
 * Turns on PostgreSQL: k ends settled and n jobs taken in one statement, n jobs added in one, on BullMQ's own tables (read in the
 * functions of BullMQ 6.7.0, schema version 11; tests/twins compares both row by row and fails when a new BullMQ stores something else).
 */
export { PostgresTurnQueue } from './postgres-turn-queue.ts';
export { WorkSigns, type WorkSignsParts } from './work-signs.ts';
import { ADD_SQL } from './sql/add-sql.ts';
import { CHANGE_SQL } from './sql/change-sql.ts';
import { EVENTS_SQL, EXTEND_SQL } from './sql/events-sql.ts';
import { FINISH_SQL } from './sql/finish-sql.ts';
import type { Migration } from '../../../../migrations/index.ts';
import {
  GROUP_OWNERS,
  GROUP_ROUNDS,
  GROUP_SQL,
  GROUP_STEPS,
  GROUP_TIERS,
  GROUP_TABLES,
  GROUPS_READY,
  HELD_EXPIRY,
  STARTS_COUNTED,
} from './sql/group-sql.ts';
import { MOVE_SQL } from './sql/move-sql.ts';
import { KEY_SQL, KEY_TABLES } from './sql/key-sql.ts';
import { RESULT_TABLES, SETTLE_SQL } from './sql/settle-sql.ts';
import { SWEEP_GROUPS_SQL } from './sql/sweep-groups-sql.ts';
import { SERVE_SQL } from './sql/serve-sql.ts';
import { FREE_SQL } from './sql/free-sql.ts';
import { TAKE_FAIR_SQL } from './sql/take-fair-sql.ts';
import { TAKE_WITHIN_SQL } from './sql/take-within-sql.ts';
import { STEP_TABLES } from './sql/step-sql.ts';
import { TAKE_SQL } from './sql/take-sql.ts';
import { TURN_SQL, TURN_TABLES } from './sql/turn-sql.ts';
import { TAG_SQL, TAG_TABLES } from './sql/tag-sql.ts';

/** In this order, behind those of the release before: numbers are for ever. */
export const TURN_MIGRATIONS: readonly Migration[] = [
  { name: 'what a turn answered', up: TURN_TABLES },
  { name: 'keys', up: KEY_TABLES },
  { name: 'results', up: RESULT_TABLES },
  { name: 'steps', up: STEP_TABLES },
  { name: 'groups', up: GROUP_TABLES },
  { name: 'tags', up: TAG_TABLES },
  { name: 'expiry of held jobs', up: HELD_EXPIRY },
  { name: 'starts of groups, counted', up: STARTS_COUNTED },
];

/** Behind those of schedules, which have a number already. */
export const LATER_TURN_MIGRATIONS: readonly Migration[] = [
  { name: 'owners of groups', up: GROUP_OWNERS },
  { name: 'turns of groups', up: GROUP_ROUNDS },
  { name: 'numbers of groups', up: GROUP_TIERS },
  { name: 'groups whose turn it may be', up: GROUPS_READY },
  { name: 'steps of groups', up: GROUP_STEPS },
];

/** Made by `migrate`, after BullMQ's schema and our own tables; safe to repeat. */
export const TURN_FUNCTIONS = [
  EVENTS_SQL,
  EXTEND_SQL,
  CHANGE_SQL,
  KEY_SQL,
  FINISH_SQL,
  MOVE_SQL,
  SETTLE_SQL,
  TAG_SQL,
  TAKE_SQL,
  TURN_SQL,
  ADD_SQL,
].join('\n');

/** Made after them: the turns of queues whose jobs belong to groups. */
export const GROUP_FUNCTIONS = [GROUP_SQL, SERVE_SQL, FREE_SQL, TAKE_WITHIN_SQL, TAKE_FAIR_SQL, SWEEP_GROUPS_SQL].join(
  '\n',
);
