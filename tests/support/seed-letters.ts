import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { EngineFixture } from './engines.ts';

export interface SeededLetter {
  readonly name: string;
  /** As it is stored. */
  readonly data: string;
  readonly reason: string;
}

/** Dead letters as another program leaves them: in the failed set, without anybody who was told. Answers their ids, oldest end first. */
export async function seedLetters(
  { url, namespace }: Pick<EngineFixture, 'url' | 'namespace'>,
  queue: string,
  count: number,
  make: (index: number) => SeededLetter,
): Promise<readonly string[]> {
  const endedAt = Date.now() - 3_600_000;
  const ids = Array.from({ length: count }, (_, index) => `seeded-${String(index).padStart(6, '0')}`);
  if (url.startsWith('redis')) {
    const redis = new Redis(url);
    try {
      for (let from = 0; from < count; from += 5_000) {
        const pipeline = redis.pipeline();
        for (const [offset, id] of ids.slice(from, from + 5_000).entries()) {
          const { name, data, reason } = make(from + offset);
          const at = endedAt + Math.floor((from + offset) / 3);
          const fields = { name, data, opts: '{"attempts":1}', failedReason: reason, stacktrace: '["Error: x"]' };
          pipeline.hset(`${namespace}:${queue}:${id}`, { ...fields, timestamp: endedAt, finishedOn: at, atm: 1 });
          pipeline.zadd(`${namespace}:${queue}:failed`, at, id);
        }
        await pipeline.exec();
      }
    } finally {
      redis.disconnect();
    }
    return ids;
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const letters = ids.map((_, index) => make(index));
    await client.query(
      `insert into "bullmq_${namespace}".job
         (queue, id, seq, name, state, data, failed_reason, stacktrace, added_at_ms, finished_at_ms, attempts_made)
       select $1, id, place, name, 'failed', data::jsonb, reason, '["Error: x"]', $2, $2::bigint + (place - 1) / 3, 1
         from unnest($3::text[], $4::text[], $5::text[], $6::text[]) with ordinality as t (id, name, data, reason, place)`,
      [
        queue,
        endedAt,
        ids,
        letters.map(({ name }) => name),
        letters.map(({ data }) => data),
        letters.map(({ reason }) => reason),
      ],
    );
  } finally {
    await client.end();
  }
  return ids;
}
