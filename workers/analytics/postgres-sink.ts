import type { Pool } from 'pg';
import { migrateSchema, type SchemaPart } from '../../src/migrations/index.ts';
import { DeliveryError, isDeliveryError } from '../../src/resilience/index.ts';
import { orAway } from '../database-away.ts';
import type { AnalyticsMessage, AnalyticsSink, KeptAnswer } from './sink.ts';

/** The table `shiftwork_analytics_events`: one statement for a whole chunk. */
export function createPostgresSink(pool: Pool): AnalyticsSink {
  return {
    write: messages => keep(pool, messages),
    async migrate() {
      await migrateSchema(pool, ANALYTICS);
    },
  };
}

/** One message that can never be stored has undone the statement: it is found by halving, and the others are kept. */
async function keep(pool: Pool, messages: readonly AnalyticsMessage[]): Promise<readonly KeptAnswer[]> {
  try {
    await insert(pool, messages);
    return messages.map(() => 'done');
  } catch (error) {
    if (!isDeliveryError(error) || error.failure !== 'permanent') throw error;
    if (messages.length === 1) return [error];
  }
  const half = Math.ceil(messages.length / 2);
  return [...(await keep(pool, messages.slice(0, half))), ...(await keep(pool, messages.slice(half)))];
}

async function insert(pool: Pool, messages: readonly AnalyticsMessage[]): Promise<void> {
  const written = pool.query(
    `insert into shiftwork_analytics_events
           (message_id, type, user_id, anonymous_id, event, properties, traits, context, occurred_at)
         select message_id, type, user_id, anonymous_id, event, properties, traits, context, occurred_at
         from jsonb_to_recordset($1::jsonb) as incoming (
           message_id text, type text, user_id text, anonymous_id text, event text,
           properties jsonb, traits jsonb, context jsonb, occurred_at timestamptz)
         on conflict (message_id) do nothing`,
    [
      JSON.stringify(
        messages.map(({ type, messageId, userId, anonymousId, event, properties, traits, context, timestamp }) => ({
          type,
          message_id: messageId,
          user_id: userId,
          anonymous_id: anonymousId,
          event,
          properties,
          traits,
          context,
          occurred_at: timestamp,
        })),
      ),
    ],
  );
  await orRefused(orAway(written));
}

/** SQLSTATE class 22: the data cannot be stored, now or later. */
async function orRefused(statement: Promise<unknown>): Promise<void> {
  try {
    await statement;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!/^22[0-9A-Z]{3}$/.test(code)) throw error;
    // Not the cause: it repeats the data.
    throw new DeliveryError('permanent', `The database refused the data (${code}).`, { destination: 'database' });
  }
}

/** In the first schema of the search path: the table is the app's as much as ours. */
const ANALYTICS: SchemaPart = {
  part: 'analytics',
  migrations: [
    {
      name: 'analytics events',
      up: `
        create table if not exists shiftwork_analytics_events (
        message_id text primary key,
        type text not null,
        user_id text,
        anonymous_id text,
        event text,
        properties jsonb,
        traits jsonb,
        context jsonb,
        occurred_at timestamptz not null,
        received_at timestamptz not null default now()
      )
      `,
    },
  ],
};
