import type { Redis } from 'ioredis';
import { PREFIX, QUEUE } from './step.ts';

/** Everything that a database holds, by key. JSON is parsed, stream ids are left out, times to live are told coarsely. */
export type Dump = ReadonlyMap<string, unknown>;

/** One trip: the histories are long. */
const DUMP = `
local found = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind, value = redis.call('TYPE', key).ok, nil
  if kind == 'string' then value = redis.call('GET', key)
  elseif kind == 'hash' then value = redis.call('HGETALL', key)
  elseif kind == 'list' then value = redis.call('LRANGE', key, 0, -1)
  elseif kind == 'set' then value = redis.call('SMEMBERS', key); table.sort(value)
  elseif kind == 'zset' then value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  else value = redis.call('XRANGE', key, '-', '+') end
  found[#found + 1] = { key, kind, redis.call('PTTL', key), value }
end
return found
`;

/** Our own, which stock programs never look at. */
const OURS = new RegExp(`^${PREFIX}:${QUEUE}:(answers|sent):`);
const JSON_FIELDS = new Set(['opts', 'data', 'stacktrace', 'parent', 'progress']);

export async function dump(redis: Redis, eventsKept: number | undefined): Promise<Dump> {
  const found: unknown = await redis.eval(DUMP, 0);
  const dumped = new Map<string, unknown>();
  for (const each of list(found)) {
    const [key, kind, ttl, value] = list(each);
    const name = String(key);
    if (OURS.test(name) || name.endsWith(':stalled-check')) continue;
    dumped.set(name, { kind, ttl: ttlOf(Number(ttl)), value: readable(String(kind), value, eventsKept) });
  }
  return dumped;
}

/** Minutes: the twins write a few milliseconds apart. */
function ttlOf(ms: number): number | undefined {
  return ms < 0 ? undefined : Math.round(ms / 60_000);
}

function readable(kind: string, value: unknown, eventsKept: number | undefined): unknown {
  if (kind === 'hash') return Object.fromEntries(pairs(value).map(([field, text]) => [field, parsed(field, text)]));
  if (kind === 'zset') return pairs(value).map(([member, score]) => [member, Number(score)]);
  if (kind === 'stream') {
    const entries = list(value).map(entry => Object.fromEntries(pairs(list(entry)[1])));
    return eventsKept === undefined ? releasesLast(entries) : newest(entries, eventsKept);
  }
  return value;
}

/** Retention is applied once a turn: a parent that is released by it hears so after the turn's ends. Deliberate. */
function releasesLast(entries: readonly Readonly<Record<string, string>>[]): unknown {
  const isRelease = (entry: Readonly<Record<string, string>>): boolean => entry['prev'] === 'waiting-children';
  return [...entries.filter(entry => !isRelease(entry)), ...entries.filter(isRelease)];
}

/** Redis trims in pieces of a hundred, and a turn trims once: only the newest are sure to be there, and only so many too many. */
function newest(entries: readonly Readonly<Record<string, string>>[], kept: number): unknown {
  const last = entries.filter(entry => entry['prev'] !== 'waiting-children').slice(-Math.floor(kept / 2));
  return { last, bounded: entries.length <= kept + 400 };
}

function parsed(field: string, text: string): unknown {
  if (!JSON_FIELDS.has(field)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function pairs(flat: unknown): [string, string][] {
  const items = list(flat);
  const found: [string, string][] = [];
  for (let index = 0; index < items.length; index += 2) found.push([String(items[index]), String(items[index + 1])]);
  return found.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
