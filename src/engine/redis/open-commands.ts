import type { RedisOptions } from 'ioredis';
import type { RedisAddress } from '../../config/index.ts';
import { CONNECTION, connectionOptions, type RedisClient } from '../../redis/index.ts';
import type { EngineOptions } from '../engine.ts';
import { FAIL_FAST_MS } from '../settings/limits.ts';
import { BlockingRedis } from './blocking-redis.ts';
import { ClusterRedis } from './cluster-redis.ts';
import { insistOnDatabase } from './insist-on-database.ts';
import { WatchedRedis, type AnswerLimits } from './watched-redis.ts';

const BY_ROLE = {
  producer: {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: FAIL_FAST_MS,
  },
  worker: {
    maxRetriesPerRequest: null,
    connectTimeout: 10_000,
  },
} satisfies Readonly<Record<EngineOptions['role'], RedisOptions>>;

/**
 * On a cluster each redirection counts, two or three of them before a pause of 100 ms: a producer is bounded by the time for an answer, a worker waits
 * for about what a failover takes.
 */
const CLUSTER_TRIES = { producer: 50, worker: 600 } satisfies Readonly<Record<EngineOptions['role'], number>>;

/** Longer than any blocking read (10 s), so that only a dead connection meets it. */
const WORKER_SILENCE_MS = 30_000;

const LIMITS = {
  // Commands that are given up on a connection that is silently gone do not end it; its silence does.
  producer: { answerMs: FAIL_FAST_MS, silenceMs: 5_000 },
  worker: { silenceMs: WORKER_SILENCE_MS },
} satisfies Readonly<Record<EngineOptions['role'], AnswerLimits>>;

/**
 * The connection for the commands of a process: to one server, or to all masters of a cluster.
 * @param refused called with each error of a command
 */
export function openCommands(
  address: RedisAddress,
  role: EngineOptions['role'],
  key: string,
  refused: (error: Error) => void,
): RedisClient {
  const connectionName = `shiftwork-${role}`;
  const limits = LIMITS[role];
  if (address.kind === 'cluster') {
    const { connectTimeout, maxRetriesPerRequest } = BY_ROLE[role];
    const server = { ...CONNECTION, connectTimeout, maxRetriesPerRequest, connectionName };
    return new ClusterRedis({ address, server, limits, tries: CLUSTER_TRIES[role], waits: role === 'worker', refused });
  }
  const redis = new WatchedRedis(
    { ...connectionOptions(address, key), ...BY_ROLE[role], connectionName },
    limits,
    refused,
  );
  insistOnDatabase(redis);
  return redis;
}

/** A connection for a read that blocks. */
export function openBlocking(address: RedisAddress, key: string, connectionName: string): BlockingRedis {
  const own = { connectionName, lazyConnect: false, socketTimeout: WORKER_SILENCE_MS };
  const redis = new BlockingRedis({ ...connectionOptions(address, key), ...BY_ROLE.worker, ...own });
  insistOnDatabase(redis);
  return redis;
}
