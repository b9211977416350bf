import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { EngineFixture } from './engines.ts';

type EngineKind = 'redis' | 'postgres';
const BOTH = ['redis', 'postgres'] as const;

/** Fields as they are stored; undefined: the field is gone. */
type Fields = Readonly<Record<string, string | Buffer | undefined>>;

export interface Damage {
  readonly what: string;
  /** Fields of the job's hash, its score in the failed set as `~score`, the whole key as a plain text as `~text`, its log likewise as `~logs`. */
  readonly redis?: Fields;
  /** Columns of the job's row. */
  readonly postgres?: Fields;
  /** Where it is shown as damaged, and not just as strange. */
  readonly marked: readonly EngineKind[];
}

const DEEP = '['.repeat(10_000) + ']'.repeat(10_000);
const LETTER = '{"to":"hunter2@example.com","body":"x"';
const DEEP_FIELD = `${LETTER},"lines":${DEEP}}`;
const DEEP_OBJECTS = '{"to":'.repeat(5_000) + '1' + '}'.repeat(5_000);
const DIGITS = `${LETTER},"n":${'9'.repeat(400)}}`;
const INFINITE = `${LETTER},"n":1e999}`;
const BIG = `no mailbox hunter2@example.com ${'x'.repeat(10_000_000)}`;
const BIG_TRACE = JSON.stringify([`Error: ${'x'.repeat(10_000_000)}`]);

const both = (what: string, data: string, marked: readonly EngineKind[] = []): Damage => ({
  what,
  redis: { data },
  postgres: { data },
  marked,
});

/** What another program has stored of a dead job. JSON that is none does not pass PostgreSQL's own type, nor do columns that are not null. */
export const DAMAGES: readonly Damage[] = [
  both('data of arrays in each other, 10,000 deep', DEEP, BOTH),
  both('a field of arrays in each other, 10,000 deep', DEEP_FIELD, BOTH),
  both('data of objects in each other, 5,000 deep', DEEP_OBJECTS, BOTH),
  both('a number of 400 digits', DIGITS),
  both('a number that is none, 1e999', INFINITE),
  both('data that is null', 'null'),
  { what: 'data that is no JSON', redis: { data: '{"to":"hunter2@ex' }, marked: ['redis'] },
  { what: 'no data', redis: { data: undefined }, marked: [] },
  { what: 'no name', redis: { name: undefined }, postgres: { name: '' }, marked: [] },
  {
    what: 'a name of 1 MB',
    redis: { name: 'n'.repeat(1_000_000) },
    postgres: { name: 'n'.repeat(1_000_000) },
    marked: [],
  },
  { what: 'no time of its adding', redis: { timestamp: undefined }, marked: [] },
  { what: 'no time of its end', redis: { finishedOn: undefined }, postgres: { finished_at_ms: undefined }, marked: [] },
  { what: 'times that are none', redis: { timestamp: '1e999', finishedOn: 'soon', atm: '1e999' }, marked: [] },
  { what: 'an end that never was, +inf', redis: { '~score': '+inf' }, marked: [] },
  { what: 'an end before all time, -inf', redis: { '~score': '-inf' }, marked: [] },
  { what: 'no reason', redis: { failedReason: undefined }, postgres: { failed_reason: undefined }, marked: [] },
  { what: 'a reason of 10 MB', redis: { failedReason: BIG }, postgres: { failed_reason: BIG }, marked: [] },
  { what: 'a reason that is no text', redis: { failedReason: Buffer.from([0xff, 0xfe, 0x00, 0x3a]) }, marked: [] },
  { what: 'a trace of 10 MB', redis: { stacktrace: BIG_TRACE }, postgres: { stacktrace: BIG_TRACE }, marked: [] },
  { what: 'traces that are no JSON', redis: { stacktrace: '["Error: hunter2@ex' }, marked: [] },
  {
    what: 'traces that are no list',
    redis: { stacktrace: '{"a":1}' },
    postgres: { stacktrace: '{"a":1}' },
    marked: [],
  },
  { what: 'options that are no JSON', redis: { opts: '{"attempts":' }, marked: ['redis'] },
  { what: 'options that are null', redis: { opts: 'null' }, postgres: { opts: 'null' }, marked: ['redis'] },
  {
    what: 'options of a strange form',
    redis: { opts: '{"telemetry":7,"tm":7}' },
    postgres: { opts: '{"telemetry":7,"tm":7}' },
    marked: [],
  },
  { what: 'a text where its log should be', redis: { '~logs': 'x' }, marked: [] },
  { what: 'a text where the job should be', redis: { '~text': 'hunter2@example.com' }, marked: ['redis'] },
];

/** Does that to a dead letter that stands there. */
export async function damageLetter(
  { url, namespace }: Pick<EngineFixture, 'url' | 'namespace'>,
  queue: string,
  id: string,
  damage: Damage,
): Promise<void> {
  if (url.startsWith('redis')) {
    const redis = new Redis(url);
    const key = `${namespace}:${queue}:${id}`;
    try {
      for (const [field, value] of Object.entries(damage.redis ?? {})) {
        if (value === undefined) await redis.hdel(key, field);
        else if (field === '~score') await redis.zadd(`${namespace}:${queue}:failed`, String(value), id);
        else if (field === '~text') await redis.set(key, value);
        else if (field === '~logs') await redis.set(`${key}:logs`, value);
        else await redis.hset(key, field, value);
      }
    } finally {
      redis.disconnect();
    }
    return;
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const [column, value] of Object.entries(damage.postgres ?? {})) {
      await client.query(`update "bullmq_${namespace}".job set ${column} = $3 where queue = $1 and id = $2`, [
        queue,
        id,
        value ?? null,
      ]);
    }
  } finally {
    await client.end();
  }
}
