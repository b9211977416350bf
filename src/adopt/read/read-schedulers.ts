import type { Reader } from './reader.ts';

/** How many are looked at; all are counted. */
const LOOKED_AT = 200;

export interface FoundScheduler {
  /** A cron pattern, or undefined for an interval. */
  readonly pattern: string | undefined;
  readonly everyMs: number | undefined;
  readonly timeZone: string | undefined;
  /** Schedulers of BullMQ 5.30 and older keep none: BullMQ 6 makes their next job with empty data. */
  readonly keepsData: boolean;
}

export interface FoundSchedulers {
  readonly total: number;
  readonly looked: readonly FoundScheduler[];
  /** Repeatables of BullMQ 4 and older and of Bull: BullMQ 6 does not carry them on. */
  readonly legacy: number;
}

/** Reads the job schedulers of BullMQ 5 and 6, and the repeatables of before. Their names and data stay where they are. */
export async function readSchedulers(reader: Reader, key: string): Promise<FoundSchedulers> {
  const [total, ids] = await reader.read(commands => {
    commands.zcard(key);
    commands.zrange(key, '0', String(LOOKED_AT - 1));
  });
  const members = ids as readonly string[];
  if (members.length === 0) return { total: 0, looked: [], legacy: 0 };
  const [rows, lengths] = await Promise.all([
    reader.read(commands => {
      for (const id of members) commands.hmget(`${key}:${id}`, 'pattern', 'every', 'tz');
    }),
    reader.read(commands => {
      for (const id of members) commands.hstrlen(`${key}:${id}`, 'data');
    }),
  ]);
  const looked = (rows as readonly (readonly (string | null)[])[]).flatMap(([pattern, every, tz], index) =>
    pattern || every
      ? [
          {
            pattern: pattern ?? undefined,
            everyMs: every ? Number(every) : undefined,
            timeZone: tz ?? undefined,
            keepsData: Number(lengths[index]) > 0,
          },
        ]
      : [],
  );
  return { total: Number(total), looked, legacy: members.length - looked.length };
}
