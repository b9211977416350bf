import { QueueKeys, RedisConnection, RedisQueueBackend, type BackendFactory, type IQueueBackend } from 'bullmq';
import { UNREADABLE } from '../broken-job.ts';
import type { Connections } from './connections.ts';

/** Makes a worker's backend on the process's command connection and a blocking connection of its own. */
export function sturdyBackend(connections: Connections, prefix: string): BackendFactory<IQueueBackend, unknown> {
  return (name, options) => {
    const keys = new QueueKeys(prefix);
    const workerName = 'name' in options && typeof options.name === 'string' ? `:w:${options.name}` : '';
    const blocking = connections.blocking(`${prefix}:${Buffer.from(name).toString('base64')}${workerName}`);
    return new SturdyBackend(
      new RedisConnection(connections.commands, { shared: true, blocking: false }),
      name,
      keys.getKeys(name),
      type => keys.toKey(name, type),
      { ...options, connection: connections.commands },
      new RedisConnection(blocking, { shared: false, blocking: true }),
    );
  };
}

/** The parts of a job's hash that BullMQ parses while it claims the job. */
const PARSED = ['opts', 'progress', 'parent'] as const;

/**
 * BullMQ parses a job's options after Redis has made the job active. When they are no JSON it throws there: the job is nobody's,
 * stalls, is claimed again and throws again, for ever (tried: the stall limit does not end it either, because its failure too
 * is found only after the options are parsed). Worse, when the job was claimed together with the end of another one, the
 * error is taken for a failure of that other, finished job.
 *
 * Here such a claim yields no job; the broken fields are replaced, the originals kept beside them, and the job goes back
 * with a note that `readJob` finds. The sound path pays nothing: it is an error handler.
 */
class SturdyBackend extends RedisQueueBackend {
  override async moveToActive(token: string, name?: string): Promise<unknown[]> {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      if (!isParseError(error)) throw error;
      await this.#repair();
      return [];
    }
  }

  override async moveToFinished(jobId: string, args: (string | number | boolean | Buffer)[]): Promise<unknown[]> {
    try {
      return await super.moveToFinished(jobId, args);
    } catch (error) {
      if (!isParseError(error)) throw error;
      await this.#repair();
      return [];
    }
  }

  async #repair(): Promise<void> {
    const redis = await this.client;
    for (const jobId of await redis.lrange(this.toKey('active'), 0, -1)) {
      const key = this.toKey(jobId);
      const broken: string[] = [];
      for (const field of PARSED) {
        const text = await redis.hget(key, field);
        if (text === null || isSound(field, text)) continue;
        broken.push(field);
        await redis.hset(key, { [`${field}:broken`]: text });
        await redis.hdel(key, ...(field === 'parent' ? ['parent', 'parentKey'] : [field]));
      }
      if (broken.length === 0) continue;
      await redis.hset(key, { defa: `${UNREADABLE}its stored ${broken.join(' and ')} cannot be read as JSON` });
      const lock = await redis.get(`${key}:lock`);
      // Another worker may repair and return it at the same time; without a lock the stall check returns it.
      if (lock !== null) await this.moveJobFromActiveToWait(jobId, lock).catch(() => undefined);
    }
  }
}

function isParseError(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof TypeError;
}

function isSound(field: string, text: string): boolean {
  try {
    const value: unknown = JSON.parse(text || '{}');
    return field === 'progress' || (typeof value === 'object' && value !== null);
  } catch {
    return false;
  }
}
