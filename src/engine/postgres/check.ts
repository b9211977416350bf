import {
  assertSchemaCompatibility,
  LATEST_SCHEMA_VERSION,
  MINIMUM_POSTGRES_VERSION,
  SchemaMigrationRequiredError,
  SchemaVersionMismatchError,
  type PgPool,
  type PgQueryable,
} from 'bullmq';
import { bullmqWarnings } from '../bullmq/tried-versions.ts';
import { clockWarnings } from '../clock/clock-check.ts';
import { wrongSearchPath } from '../../sessions/index.ts';
import type { EngineReport } from '../engine.ts';
import { notMigrated } from './not-migrated.ts';
import { rightsErrors } from './rights.ts';
import { outdatedParts } from './insist-on-schema.ts';

interface ServerRow {
  readonly version: string;
  readonly number: number;
  readonly standby: boolean;
  readonly fsync: string;
  readonly commit: string;
  readonly path: string;
  readonly now: number;
}

const ASK_SERVER = `
  SELECT current_setting('server_version') AS version,
         current_setting('server_version_num')::int AS number,
         pg_is_in_recovery() AS standby,
         current_setting('fsync') AS fsync,
         current_setting('synchronous_commit') AS commit,
         current_setting('search_path') AS path,
         (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`;

/** What a PostgreSQL says about itself, and whether BullMQ's schema is there. */
export async function checkPostgres(pool: PgPool, schema: string): Promise<EngineReport> {
  // Connected first: the time that takes is not the clock's.
  const client = await pool.connect();
  try {
    const askedAt = Date.now();
    const { rows } = await client.query<ServerRow>(ASK_SERVER);
    const here = (askedAt + Date.now()) / 2;
    const [server] = rows;
    if (server === undefined) throw new Error('The server answered a question about itself with nothing.');
    const clockDifferenceMs = Math.round(here - server.now);
    const pooler = wrongSearchPath(server.path, schema);
    const major = Math.floor(server.number / 10_000);
    const errors =
      major < MINIMUM_POSTGRES_VERSION
        ? [`Expected PostgreSQL ${MINIMUM_POSTGRES_VERSION} or newer, found ${server.version}. Upgrade the server.`]
        : pooler === undefined
          ? await rightsOrSchemaErrors(client, schema)
          : [pooler];
    if (server.standby) errors.push('Expected a primary, found a read-only standby. Use the URL of the primary.');
    return {
      errors,
      warnings: [...durabilityWarnings(server), ...clockWarnings(clockDifferenceMs), ...bullmqWarnings()],
      version: server.version,
      clockDifferenceMs,
    };
  } finally {
    client.release();
  }
}

/** Without its rights nobody can say what is in the schema. */
async function rightsOrSchemaErrors(client: PgQueryable, schema: string): Promise<string[]> {
  const errors = await rightsErrors(client, schema);
  return errors.length > 0 ? errors : schemaErrors(client, schema);
}

async function schemaErrors(client: PgQueryable, schema: string): Promise<string[]> {
  try {
    const found = await assertSchemaCompatibility(client, schema);
    if (found < LATEST_SCHEMA_VERSION) return [notMigrated(schema)];
    return await outdatedParts(client, schema);
  } catch (cause) {
    if (cause instanceof SchemaMigrationRequiredError) return [notMigrated(schema)];
    if (cause instanceof SchemaVersionMismatchError) {
      return [
        `The schema "${schema}" was migrated by a newer BullMQ (major ${cause.minimumClientVersion}); ` +
          `this release brings ${cause.clientVersion}. Deploy the newer release.`,
      ];
    }
    throw cause;
  }
}

function durabilityWarnings({ fsync, commit }: ServerRow): string[] {
  const off = [...(fsync === 'off' ? ['fsync'] : []), ...(commit === 'off' ? ['synchronous_commit'] : [])];
  if (off.length === 0) return [];
  return [`PostgreSQL runs with ${off.join(' and ')} off: acknowledged jobs can be lost in a crash. Turn it on.`];
}
