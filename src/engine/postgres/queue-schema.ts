import type { SchemaPart } from '../../migrations/index.ts';
import {
  GROUP_FUNCTIONS,
  LATER_TURN_MIGRATIONS,
  TURN_FUNCTIONS,
  TURN_MIGRATIONS,
} from '../bullmq/postgres/turns/index.ts';
import { batchSchema } from './batch-tables.ts';
import { LETTER_FUNCTIONS, LETTER_TABLES } from './letter-tables.ts';
import { OWN_FUNCTIONS, STATE_TABLES } from './own-tables.ts';
import { SCHEDULE_TABLES } from './schedule-tables.ts';

/** What is ours in the schema of BullMQ's tables, in the order in which it is made: each part with numbers of its own. BullMQ's own migrations go before. */
export function schemaParts(schema: string): readonly SchemaPart[] {
  return [batchSchema(schema), queueSchema(schema)];
}

/** What turns, keys, limits, dead letters and the shared state are kept in. */
export function queueSchema(schema: string): SchemaPart {
  return {
    part: 'queues',
    schema,
    // The place of each is its number, and is on record in databases: a new one goes to the end.
    migrations: [
      { name: 'shared state, lines of rate limits', up: STATE_TABLES },
      { name: 'causes of dead letters', up: LETTER_TABLES },
      ...TURN_MIGRATIONS,
      { name: 'schedules that are made at run time', up: SCHEDULE_TABLES },
      ...LATER_TURN_MIGRATIONS,
    ],
    functions: [OWN_FUNCTIONS, TURN_FUNCTIONS, GROUP_FUNCTIONS, LETTER_FUNCTIONS].join('\n'),
  };
}
