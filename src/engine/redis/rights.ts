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

/** What is wrong with the rights of the connection's user; nothing where it may do all that queues need below the prefix. */
export async function rightsErrors(redis: Pick<RedisClient, 'pipeline'>, keys: RedisKeys): Promise<string[]> {
  const base = `${keys.own('shiftwork-rights')}:${randomUUID()}`;
  const all = keys.own('*').replace('}', '');
  const tried = TRIED.flatMap((commands, index) => {
    const key = `${base}:${index}`;
    return [...commands, `PEXPIRE @ ${KEPT_MS}`, `PEXPIREAT @ ${Date.now() + KEPT_MS}`, 'DEL @', 'UNLINK @'].map(
      command => command.split(' ').map(word => (word === '@' ? key : word)),
    );
  });
  const pipeline = redis.pipeline();
  for (const [name = '', ...args] of tried) pipeline.call(name, ...args);
  const answers = (await pipeline.exec()) ?? [];
  const lost = answers.find(([error]) => error !== null && error.name !== 'ReplyError')?.[0];
  if (lost) throw lost;
  const refused = answers.flatMap(([error], index) =>
    error?.message.startsWith('NOPERM') === true ? [{ name: tried[index]?.[0] ?? '', message: error.message }] : [],
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
