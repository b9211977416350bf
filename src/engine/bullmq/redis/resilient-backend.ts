import { QueueKeys, RedisConnection, RedisQueueBackend, type BackendFactory, type IQueueBackend } from 'bullmq';
import { requireOneSlot, type RedisClient } from '../../../redis/index.ts';
import { UNREADABLE } from '../broken-job.ts';
import type { EngineClock } from '../../clock/index.ts';
import type { Connections } from '../../redis/connections.ts';
import { inEngineTime, inMachineTime } from './engine-time.ts';

/** Makes the backend of a queue or worker on the process's command connection; a worker gets a blocking one of its own. */
export function resilientBackend(
  connections: Connections,
  prefix: string,
  clock: EngineClock,
): BackendFactory<IQueueBackend, unknown> {
  return (name, options, { withBlockingConnection = false } = {}) => {
    const keys = new QueueKeys(prefix);
    const workerName = 'name' in options && typeof options.name === 'string' ? `:w:${options.name}` : '';
    const clientName = `${prefix}:${Buffer.from(name).toString('base64')}${workerName}`;
    const { commands } = connections;
    // For a queue, one failed INFO at the start would leave it rejecting for good. A worker needs the answer: without the
    // server's version BullMQ waits in whole seconds.
    const atOnce = { skipWaitingForReady: true, skipVersionCheck: true };
    return new ResilientBackend(
      commands,
      clock,
      new RedisConnection(commands, { shared: true, blocking: false, ...(!withBlockingConnection && atOnce) }),
      name,
      keys.getKeys(name),
      type => keys.toKey(name, type),
      { ...options, connection: commands },
      withBlockingConnection
        ? new RedisConnection(connections.blocking(keys.toKey(name, 'marker'), clientName), {
            shared: false,
            blocking: true,
          })
        : undefined,
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
 *
 * What BullMQ tells and is told about time goes through here too: see engine-time.ts.
 */
class ResilientBackend extends RedisQueueBackend {
  readonly #redis: RedisClient;
  readonly #clock: EngineClock;

  constructor(redis: RedisClient, clock: EngineClock, ...base: ConstructorParameters<typeof RedisQueueBackend>) {
    super(...base);
    this.#redis = redis;
    this.#clock = clock;
  }

  override execCommand(...[client, script, args]: Parameters<RedisQueueBackend['execCommand']>): unknown {
    return super.execCommand(client, script, inEngineTime(this.#clock, script, args));
  }

  /** Throws at once, and does not reject: BullMQ waits for no entry of a pipeline. */
  override addJobToTransaction(...args: Parameters<RedisQueueBackend['addJobToTransaction']>): Promise<string> {
    const [, job, , , keys] = args;
    if (job.parentKey !== undefined) requireOneSlot(this.#redis, keys?.[''] ?? this.toKey(''), job.parentKey);
    return super.addJobToTransaction(...args);
  }

  override moveToActive(token: string, name?: string): Promise<unknown[]> {
    return super.moveToActive(token, name).then(
      found => this.#inMachineTime(found),
      (error: unknown) => this.#noJob(error),
    );
  }

  override moveToFinished(jobId: string, args: (string | number | boolean | Buffer)[]): Promise<unknown[]> {
    return super.moveToFinished(jobId, args).then(
      found => this.#inMachineTime(found),
      (error: unknown) => this.#noJob(error),
    );
  }

  override async moveToDelayed(...args: Parameters<RedisQueueBackend['moveToDelayed']>): Promise<void | unknown[]> {
    const found = await super.moveToDelayed(...args);
    return Array.isArray(found) ? this.#inMachineTime(found) : found;
  }

  override async waitForJob(blockTimeout: number): ReturnType<RedisQueueBackend['waitForJob']> {
    const sign = await super.waitForJob(blockTimeout);
    return sign && { ...sign, score: inMachineTime(this.#clock, sign.score) };
  }

  /** The next job, or no job and how long there is none: `[job, id, limited for, delayed until]`. */
  #inMachineTime(found: unknown[]): unknown[] {
    const until = Number(found[3]);
    if (until > 0) found[3] = inMachineTime(this.#clock, until);
    return found;
  }

  async #noJob(error: unknown): Promise<unknown[]> {
    if (!isParseError(error)) throw error;
    await this.#repair();
    return [];
  }

  /** BullMQ's script returns a job with a priority without waking anybody: idle workers would sleep on, up to `drainDelay`. */
  override async moveJobFromActiveToWait(jobId: string, token?: string): Promise<number> {
    const result: unknown = await super.moveJobFromActiveToWait(jobId, token);
    await this.#wake();
    return Number(result);
  }

  async #repair(): Promise<void> {
    const redis = this.#redis;
    for (const jobId of await redis.lrange(this.toKey('active'), 0, -1)) {
      const key = this.toKey(jobId);
      // Read first: whoever held it then could not read the job. Another worker may repair at the same time, and a sound
      // claim that follows has another lock, which is not ours to give back.
      const lock = await redis.get(`${key}:lock`);
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
      // Without a lock the stall check returns it.
      if (lock !== null) await this.moveJobFromActiveToWait(jobId, lock).catch(() => undefined);
    }
    // "No job" sends the worker to sleep until somebody says that there is work.
    await this.#wake();
  }

  /** The sign that BullMQ's own scripts leave for idle workers: see addBaseMarkerIfNeeded.lua. */
  async #wake(): Promise<void> {
    await this.#redis.zadd(this.toKey('marker'), '0', '0');
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
