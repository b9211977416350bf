import { Job, QueueKeys, RedisConnection, RedisQueueBackend, type JobJson } from 'bullmq';
import type { Redis } from 'ioredis';
import type { End, EndKind, NewJob, Rest, SettleAnswer, Turn } from '../../src/engine/turns/index.ts';
import { Deeds } from './deeds.ts';
import {
  keepEvents,
  LOCK_MS,
  PREFIX,
  QUEUE,
  RATE,
  STALLED_CHECK,
  type HistorySettings,
  type Step,
  type Answer,
  type Twin,
} from './step.ts';

type Kind = SettleAnswer['kind'];

const KINDS: Readonly<Record<number, Kind>> = {
  [-1]: 'missing',
  [-2]: 'lock-lost',
  [-3]: 'not-active',
  [-4]: 'waits-for-children',
  [-6]: 'taken-over',
  [-9]: 'children-failed',
};

/** BullMQ's own backend of a worker, with one script a job. */
class StockBackend extends RedisQueueBackend {
  constructor(redis: Redis, { limited, metricsKept }: HistorySettings) {
    const keys = new QueueKeys(PREFIX);
    const options = {
      connection: redis,
      prefix: PREFIX,
      name: 'w',
      lockDuration: LOCK_MS,
      stalledInterval: 1,
      ...(limited && { limiter: { max: RATE.max, duration: RATE.perMs } }),
      ...(metricsKept > 0 && { metrics: { maxDataPoints: metricsKept } }),
    };
    super(
      new RedisConnection(redis, { shared: true, blocking: false, skipWaitingForReady: true, skipVersionCheck: true }),
      QUEUE,
      keys.getKeys(QUEUE),
      type => keys.toKey(QUEUE, type),
      options,
      undefined,
    );
  }

  async finish({ jobId, token, end }: End, now: number): Promise<void> {
    if (end.what !== 'succeeded' && !('attempts' in end)) throw new Error('no end for good');
    const { keep } = end;
    const failed = end.what !== 'succeeded';
    const job = { id: jobId, opts: { attempts: failed ? end.attempts : 0 } };
    const args = this.moveToFinishedArgs(
      job as Parameters<RedisQueueBackend['moveToCompleted']>[0],
      failed ? end.failure.message : end.result,
      failed ? 'failedReason' : 'returnvalue',
      JSON.parse(JSON.stringify(keep)) as { count: number },
      failed ? 'failed' : 'completed',
      token,
      now,
      false,
      failed ? failureFields(end) : undefined,
    );
    await this.moveToFinished(jobId, args);
  }

  async stalled(now: number, mostStalls: number): Promise<string[]> {
    const args = this.moveStalledJobsToWaitArgs();
    args.splice(args.length - 4, 1, mostStalls);
    void now;
    const ids: unknown = await this.execCommand(await this.client, 'moveStalledJobsToWait', args);
    return Array.isArray(ids) ? ids.map(String) : [];
  }
}

/** BullMQ's scripts, one job at a time. */
export class StockTwin implements Twin {
  readonly #redis: Redis;
  readonly #deeds: Deeds;
  #backend: StockBackend | undefined;
  #limited = false;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#deeds = new Deeds(redis);
  }

  async start(settings: HistorySettings): Promise<void> {
    await this.#redis.flushdb();
    const { eventsKept } = settings;
    if (eventsKept !== undefined) await this.#deeds.do({ what: 'set-meta', fields: keepEvents(eventsKept) });
    this.#limited = settings.limited;
    this.#backend = new StockBackend(this.#redis, settings);
  }

  async apply(step: Step): Promise<Answer> {
    switch (step.what) {
      case 'add': {
        const ids: string[] = [];
        for (const job of step.jobs) ids.push(await this.#add(job));
        return ids;
      }
      case 'turn':
        return this.#turn(step.turn);
      case 'stalled':
        await this.#redis.del(STALLED_CHECK);
        return this.#stock.stalled(step.now, step.mostStalls);
      case 'stock':
        return this.#deeds.do(step.deed);
    }
  }

  get #stock(): StockBackend {
    if (this.#backend === undefined) throw new Error('start() comes first.');
    return this.#backend;
  }

  async #add({ id, name, data, opts, timestamp }: NewJob): Promise<string> {
    return at(timestamp, async () => {
      const job = await Job.create(this.#deeds.queue, name, JSON.parse(data) as unknown, { ...opts, jobId: id });
      return job.id ?? '';
    });
  }

  async #turn({ now, ends, take }: Turn): Promise<Answer> {
    const settled: (Kind | undefined)[] = ends.map(() => undefined);
    const rare: number[] = [];
    for (const [index, end] of ends.entries()) {
      // Those that our script leaves to BullMQ's come after the others: a deliberate difference.
      if (await this.#isRare(end)) rare.push(index);
      else settled[index] = await at(now, () => this.#end(end, now));
    }
    for (const index of rare) {
      const end = ends[index];
      if (end !== undefined) settled[index] = await at(now, () => this.#end(end, now));
    }
    const { jobs, rest } = take === undefined ? { jobs: [], rest: undefined } : await at(now, () => this.#take(take));
    return { settled, jobs, rest };
  }

  async #isRare({ jobId, token, end }: End): Promise<boolean> {
    if (end.what !== 'succeeded' && !('attempts' in end)) return false;
    const key = this.#stock.toKey(jobId);
    if ((await this.#redis.get(`${key}:lock`)) !== token || (await this.#redis.exists(key)) === 0) return false;
    if (end.what === 'succeeded' && (await this.#redis.exists(`${key}:dependencies`, `${key}:unsuccessful`)) > 0)
      return false;
    const [parentKey, deid] = await this.#redis.hmget(key, 'parentKey', 'deid');
    return (
      typeof parentKey === 'string' ||
      (typeof deid === 'string' && (await this.#redis.exists(this.#stock.toKey(`dn:${deid}`))) === 1)
    );
  }

  async #end(ended: End, now: number): Promise<Kind> {
    const { jobId, token, end } = ended;
    const stock = this.#stock;
    const key = stock.toKey(jobId);
    // Written with the end, and only where it is written: a deliberate difference.
    const isOurs = (await this.#redis.get(`${key}:lock`)) === token && (await this.#redis.exists(key)) === 1;
    const waits =
      end.what === 'succeeded' && (await this.#redis.exists(`${key}:dependencies`, `${key}:unsuccessful`)) > 0;
    if (isOurs && !waits && end.what !== 'handed-back') {
      if (end.line !== undefined) await stock.addLog(jobId, end.line.text, end.line.keep);
      if (end.data !== undefined) {
        await stock.execCommand(await stock.client, 'updateData', [key, end.data]);
      }
      if (end.what === 'snoozed' && end.progress !== undefined) {
        await stock.updateProgress(jobId, JSON.parse(end.progress) as object);
      }
    }
    try {
      await this.#write(ended, now);
      return 'settled';
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && typeof error.code === 'number')) throw error;
      return KINDS[error.code] ?? 'refused';
    }
  }

  async #write(ended: End, now: number): Promise<void> {
    const { jobId, token, end } = ended;
    const stock = this.#stock;
    switch (end.what) {
      case 'retry': {
        const delay = Math.max(0, end.at - now);
        const fieldsToUpdate = failureFields(end);
        if (delay > 0) await stock.moveToDelayed(jobId, now, delay, token, { fieldsToUpdate });
        else await stock.retryJob(jobId, end.lifo, token, { fieldsToUpdate });
        return;
      }
      case 'snoozed':
        await stock.moveToDelayed(jobId, now, Math.max(0, end.until - now), token, { skipAttempt: true });
        return;
      case 'handed-back': {
        const wasActive = (await this.#redis.lpos(stock.toKey('active'), jobId)) !== null;
        await stock.moveJobFromActiveToWait(jobId, token);
        if (!wasActive) throw Object.assign(new Error('not active'), { code: -3 });
        // We wake an idle worker for a job with a priority too: a deliberate difference.
        const [paused] = await this.#redis.hmget(stock.toKey('meta'), 'paused');
        if (typeof paused !== 'string' && !(await stock.isMaxed()))
          await this.#redis.zadd(stock.toKey('marker'), 0, '0');
        return;
      }
      default:
        return stock.finish(ended, now);
    }
  }

  async #take({
    tokens,
    worker,
    maxBytes,
  }: NonNullable<Turn['take']>): Promise<{ jobs: unknown[]; rest: Rest | { kind: 'limited' } }> {
    const jobs: unknown[] = [];
    let bytes = 0;
    for (const [nth, token] of tokens.entries()) {
      // Ours looks at the bytes after it has found a job: where there is none, it says so.
      if (bytes >= maxBytes && nth > 0 && (await this.#hasMore())) return { jobs, rest: { kind: 'more' } };
      const [found, id, limitedMs, delayUntil] = await this.#stock.moveToActive(token, worker);
      if (!isJobJson(found)) {
        if (Number(limitedMs) > 0) return { jobs, rest: { kind: 'limited' } };
        const [paused] = await this.#redis.hmget(this.#stock.toKey('meta'), 'paused');
        if (typeof paused === 'string' || (await this.#stock.isMaxed())) return { jobs, rest: { kind: 'blocked' } };
        return { jobs, rest: { kind: 'none', delayedUntil: Number(delayUntil) > 0 ? Number(delayUntil) : undefined } };
      }
      const { name, data, opts, attemptsMade, attemptsStarted, stacktrace, deferredFailure } = found;
      bytes += data === '{}' ? 0 : data.length;
      jobs.push({
        id,
        token,
        name: name ?? '',
        data: name === undefined ? {} : (JSON.parse(data) as unknown),
        opts,
        attemptsMade,
        attemptsStarted,
        stacktrace: JSON.parse(stacktrace === undefined ? '[]' : String(stacktrace)) as unknown,
        deferredFailure,
      });
    }
    return { jobs, rest: { kind: 'more' } };
  }

  async #hasMore(): Promise<boolean> {
    const { keys } = this.#stock;
    const [paused] = await this.#redis.hmget(this.#stock.toKey('meta'), 'paused');
    if (typeof paused === 'string' || (await this.#stock.isMaxed()) || (await this.#isLimited())) return false;
    const waiting = await this.#redis.llen(keys['wait'] ?? '');
    return waiting > 0 || (await this.#redis.zcard(keys['prioritized'] ?? '')) > 0;
  }

  async #isLimited(): Promise<boolean> {
    const [max] = await this.#redis.hmget(this.#stock.toKey('meta'), 'max');
    const most = typeof max === 'string' ? Number(max) : this.#limited ? RATE.max : Number.POSITIVE_INFINITY;
    const used = await this.#redis.get(this.#stock.toKey('limiter'));
    return Number(used ?? 0) >= most && (await this.#redis.pttl(this.#stock.toKey('limiter'))) > 0;
  }

  close(): Promise<void> {
    return this.#deeds.close();
  }
}

function failureFields({ failure }: Extract<EndKind, { failure: unknown }>): Record<string, string> {
  return { failedReason: failure.message, stacktrace: JSON.stringify(failure.stacktrace) };
}

function isJobJson(value: unknown): value is JobJson {
  return typeof value === 'object' && value !== null;
}

/** BullMQ takes the time where it needs it: here it is given. */
async function at<Value>(now: number, work: () => Promise<Value>): Promise<Value> {
  const real = Date.now;
  Date.now = () => now;
  try {
    return await work();
  } finally {
    Date.now = real;
  }
}
