import { randomUUID } from 'node:crypto';
import type { RedisClient, RedisKeys } from '../../redis/index.ts';

/** How long what is tried with lives, should its removal be refused. */
const KEPT_MS = 10_000;

/**
 * What BullMQ's scripts and ours call, tried on a key of its type (`@`): inside a script Redis asks for the same rights as outside of one.
 * What a key holds matters to none of them: an answer that is no refusal will do.
 */
const TRIED: readonly (readonly string[])[] = [
  ['EVAL return(1) 0', 'EVALSHA 0 0', 'SCRIPT LOAD return(1)', 'INFO server', 'TIME'],
  ['SET @ 1', 'GET @', 'INCR @', 'INCRBY @ 1', 'EXISTS @', 'TYPE @', 'PTTL @', 'PERSIST @', 'RENAME @ @'],
  [
    'HSET @ a 1',
    'HMSET @ b 1',
    'HGET @ a',
    'HMGET @ a',
    'HGETALL @',
    'HINCRBY @ a 1',
    'HEXISTS @ a',
    'HLEN @',
    'HDEL @ b',
  ],
  [
    'LPUSH @ a',
    'RPUSH @ b',
    'LLEN @',
    'LRANGE @ 0 1',
    'LINDEX @ 0',
    'LSET @ 0 a',
    'LPOS @ a',
    'LREM @ 1 z',
    'LTRIM @ 0 9',
  ],
  ['RPOPLPUSH @ @', 'LPOP @', 'RPOP @'],
  ['SADD @ a', 'SCARD @', 'SMEMBERS @', 'SISMEMBER @ a', 'SREM @ b'],
  ['ZADD @ 1 a 2 b 3 c', 'ZINCRBY @ 1 a', 'ZSCORE @ a', 'ZCARD @', 'ZCOUNT @ 0 1', 'ZLEXCOUNT @ [a [b'],
  ['ZRANGE @ 0 1', 'ZREVRANGE @ 0 1', 'ZRANGEBYSCORE @ 0 1', 'ZREVRANGEBYSCORE @ 1 0', 'ZRANGEBYLEX @ [a [b'],
  ['ZREM @ z', 'ZREMRANGEBYSCORE @ 8 9', 'ZREMRANGEBYRANK @ 8 9', 'ZPOPMIN @', 'BZPOPMIN @ 0.01'],
  ['XADD @ * a 1', 'XLEN @', 'XRANGE @ - +', 'XREAD STREAMS @ 0', 'XTRIM @ MAXLEN 9', 'XDEL @ 1-1'],
];

/** Not to be called in a script, or not on every Redis. */
const OUTSIDE = new Set(['EVAL', 'EVALSHA', 'SCRIPT', 'INFO', 'TIME', 'BZPOPMIN']);

/**
 * Tries ARGV, texts such as `3 HGET @ a`, each on the key of its number, until one is refused: answers it, or nothing. Words differ:
 * Redis 6 says "can't run this command", Redis 7 "NOPERM ACL failure in script".
 */
const TRY_ALL = `
for _, tried in ipairs(ARGV) do
  local words, key = {}, nil
  for word in string.gmatch(tried, '%S+') do
    if key == nil then key = KEYS[tonumber(word) + 1]
    else words[#words + 1] = word == '@' and key or word end
  end
  local answer = redis.pcall(unpack(words))
  local said = type(answer) == 'table' and answer.err or ''
  if string.find(said, 'NOPERM') or string.find(said, 'ACL') or string.find(said, "can't") then return tried end
end
return false`;

interface Tried {
  readonly key: string;
  /** With `@` for the key. */
  readonly text: string;
  readonly group: number;
}

/** What is wrong with the rights of the connection's user; nothing where it may do all that queues need below the prefix. */
export async function rightsErrors(redis: Pick<RedisClient, 'pipeline'>, keys: RedisKeys): Promise<string[]> {
  const base = `${keys.own('shiftwork-rights')}:${randomUUID()}`;
  const tried = TRIED.flatMap((commands, group) =>
    [...commands, `PEXPIRE @ ${KEPT_MS}`, `PEXPIREAT @ ${Date.now() + KEPT_MS}`, 'DEL @', 'UNLINK @'].map(
      (text): Tried => ({ key: `${base}:${group}`, text, group }),
    ),
  );
  return (await mayDoAll(redis, tried)) ? [] : refusals(redis, tried, keys.own('*').replace('}', ''));
}

/** In a handful of commands, where everything is allowed. */
async function mayDoAll(redis: Pick<RedisClient, 'pipeline'>, tried: readonly Tried[]): Promise<boolean> {
  const isOutside = ({ text }: Tried): boolean => OUTSIDE.has(text.split(' ', 1)[0] ?? '');
  const names = [...new Set(tried.map(({ key }) => key))];
  const texts = tried.filter(each => !isOutside(each)).map(({ text, group }) => `${group} ${text}`);
  const pipeline = redis.pipeline();
  pipeline.call('EVAL', TRY_ALL, String(names.length), ...names, ...texts);
  for (const { key, text } of tried.filter(isOutside)) {
    // Nothing is waited for at a key of another type.
    const waits = text.startsWith('B');
    if (waits) pipeline.call('SET', key, '1', 'PX', String(KEPT_MS));
    pipeline.call(...wordsOf(text, key));
    if (waits) pipeline.call('DEL', key);
  }
  const [all, ...others] = await answersOf(pipeline);
  return all?.[0] === null && all[1] === null && !others.some(isRefused);
}

/** Each of them for itself, to say which are refused. */
async function refusals(redis: Pick<RedisClient, 'pipeline'>, tried: readonly Tried[], all: string): Promise<string[]> {
  const pipeline = redis.pipeline();
  for (const { key, text } of tried) pipeline.call(...wordsOf(text, key));
  const refused = (await answersOf(pipeline)).flatMap((answer, index) =>
    isRefused(answer) ? [{ name: tried[index]?.text.split(' ', 1)[0] ?? '', message: answer[0]?.message ?? '' }] : [],
  );
  // Redis says either "... to run the 'hset' command" or that a key may not be accessed.
  const commands = new Set(refused.filter(({ message }) => message.includes(' command')).map(({ name }) => name));
  const anyKey = refused.some(({ message }) => !message.includes(' command'));
  return [
    ...(commands.size === 0
      ? []
      : [
          `Expected the Redis user of the engine's URL to be allowed what queues need, but it may not run ${[...commands].join(', ')}. ` +
            'Allow it with "ACL SETUSER NAME +@all -@dangerous +info", or name the commands.',
        ]),
    ...(anyKey
      ? [
          `Expected the Redis user of the engine's URL to be allowed the keys "${all}", but it is not. ` +
            `Allow them with "ACL SETUSER NAME ~${all}".`,
        ]
      : []),
  ];
}

function wordsOf(text: string, key: string): [name: string, ...args: string[]] {
  const [name = '', ...args] = text.split(' ');
  return [name, ...args.map(word => (word === '@' ? key : word))];
}

type Answer = readonly [error: Error | null, value: unknown];

/** @throws what is no answer of the server: the connection was lost */
async function answersOf(pipeline: ReturnType<RedisClient['pipeline']>): Promise<readonly Answer[]> {
  const answers: readonly Answer[] = (await pipeline.exec()) ?? [];
  const lost = answers.find(([error]) => error !== null && error.name !== 'ReplyError')?.[0];
  if (lost) throw lost;
  return answers;
}

function isRefused([error]: Answer): boolean {
  return error?.message.startsWith('NOPERM') === true;
}
