import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { JobJson, KeepJobs, RedisQueueBackend } from 'bullmq';
import type { Redis } from 'ioredis';
import { ADD_SCRIPT, RedisTurnQueue, TURN_SCRIPT } from '../../src/engine/bullmq/redis/turns/index.ts';
import {
  parentPolicyOf,
  type EndKind,
  type Keep,
  type NewJob,
  type SettleAnswer,
  type StoredFailure,
} from '../../src/engine/turns/index.ts';

/** Below every Queue and Worker of BullMQ's suite: what adds, takes and ends one job goes through our scripts, a turn of one job each. */
type Arguments<Name extends 'moveToCompleted' | 'moveToFailed' | 'moveToDelayed' | 'retryJob' | 'addJobs'> = Parameters<
  RedisQueueBackend[Name]
>;
type Fields = NonNullable<Arguments<'retryJob'>[3]>['fieldsToUpdate'];
/** Job, its id, for how long the queue is above its rate, when the next delayed one is due. */
type Next = [job: JobJson | null, id: string | number, limitedMs: number, delayUntil: number] | [];

interface Ended {
  readonly jobId: string;
  readonly token: string;
  readonly now: number;
  readonly end: EndKind;
  readonly command: string;
}

const CODES: Readonly<Record<Exclude<SettleAnswer['kind'], 'settled' | 'refused' | 'withheld'>, number>> = {
  missing: -1,
  'lock-lost': -2,
  'not-active': -3,
  'waits-for-children': -4,
  'taken-over': -6,
  'children-failed': -9,
};
/** Whose holder passes over all locks: BullMQ's own, which no host of ours has. */
const ANY_LOCK = '0';
/** BullMQ takes the ids that it gives itself from the counter to which our script adds: such an id is taken before, and not counted twice. */
const UNCOUNTED = ADD_SCRIPT.replace(`call('INCRBY', counter, n)`, '');

const source = process.env['BULLMQ_SUITE'] ?? '';
const loaded: { readonly RedisQueueBackend: typeof RedisQueueBackend } = await import(
  join(source, 'src/classes/redis-queue-backend.js')
);
const factories: {
  readonly createRedisBackend: (...args: readonly unknown[]) => RedisQueueBackend;
  readonly setDefaultBackendFactory: (factory: (...args: readonly unknown[]) => RedisQueueBackend) => void;
} = await import(join(source, 'src/utils/create-backend.js'));
const queues = new WeakMap<object, Map<string, RedisTurnQueue>>();
let turns = 0;

/** Its prototype is put below what BullMQ has made, so nothing of it may be private to the language. */
class OurBackend extends loaded.RedisQueueBackend {
  override async addJob(job: JobJson, jobId: string, parents: Parameters<RedisQueueBackend['addJob']>[2] = {}) {
    const { replace, extend, keepLastIfActive }: Readonly<Record<string, unknown>> = { ...job.opts.deduplication };
    const isRare = Boolean(replace || extend || keepLastIfActive);
    const isOwn = jobId === undefined || jobId === '';
    if (job.parentKey !== undefined || parents.addToWaitingChildren || job.repeatJobKey || (isOwn && isRare)) {
      return super.addJob(job, jobId, parents);
    }
    const id = isOwn ? String(await (await this.redis()).incr(this.toKey('id'))) : jobId;
    const { name, data, opts, timestamp } = job;
    const queue = await this.turnQueue(isOwn ? UNCOUNTED : ADD_SCRIPT);
    const [answer] = await queue.add([{ id, name, data, opts, timestamp } satisfies NewJob]);
    if (answer === undefined || answer.kind === 'refused') throw new Error('The script refused the job.');
    return answer.id;
  }

  override addJobs(entries: Arguments<'addJobs'>[0]) {
    return Promise.all(entries.map(({ job, jobId, parentKeyOpts }) => this.addJob(job, jobId, parentKeyOpts)));
  }

  override moveToActive(token: string, name?: string) {
    return this.sendTurn(undefined, token, name);
  }

  override async moveToCompleted(...args: Arguments<'moveToCompleted'>) {
    const [job, value, removeOnComplete, token, fetchNext] = args;
    if (token === ANY_LOCK) return super.moveToCompleted(...args);
    const now = Date.now();
    const keep = keepIn(this.getKeepJobs(removeOnComplete, this.keepOf('removeOnComplete')));
    const end: EndKind = { what: 'succeeded', result: JSON.stringify(value) ?? 'null', keep };
    const ended = { jobId: job.id ?? '', token, now, end, command: 'moveToFinished' };
    return { result: await this.endAndTake(ended, fetchNext), finishedOn: now };
  }

  override async moveToFailed(...args: Arguments<'moveToFailed'>) {
    const [job, reason, removeOnFail, token, fetchNext, fields] = args;
    if (token === ANY_LOCK) return super.moveToFailed(...args);
    const now = Date.now();
    const keep = keepIn(this.getKeepJobs(removeOnFail, this.keepOf('removeOnFail')));
    const { attempts = 0 } = job.opts;
    const failure = { ...failureIn(fields), message: reason };
    const end: EndKind = { what: 'dead', failure, attempts, keep, parents: parentPolicyOf(job.opts) };
    const ended = { jobId: job.id ?? '', token, now, end, command: 'moveToFinished' };
    return { result: await this.endAndTake(ended, fetchNext), finishedOn: now };
  }

  override async moveToDelayed(...args: Arguments<'moveToDelayed'>) {
    const [jobId, now, delay, token = ANY_LOCK, { skipAttempt, fieldsToUpdate, fetchNext = false } = {}] = args;
    if (token === ANY_LOCK) return super.moveToDelayed(...args);
    const at = now + delay;
    const retry: EndKind = { what: 'retry', at, failure: failureIn(fieldsToUpdate), lifo: false };
    const end: EndKind = skipAttempt === true ? { what: 'snoozed', until: at } : retry;
    const next = await this.endAndTake({ jobId, token, now, end, command: 'moveToDelayed' }, fetchNext);
    return next[0] ? next : [];
  }

  override async retryJob(...args: Arguments<'retryJob'>) {
    const [jobId, lifo, token = ANY_LOCK, { fieldsToUpdate } = {}] = args;
    if (token === ANY_LOCK) return super.retryJob(...args);
    const now = Date.now();
    const end: EndKind = { what: 'retry', at: now, failure: failureIn(fieldsToUpdate), lifo: Boolean(lifo) };
    await this.sendTurn({ jobId, token, now, end, command: 'retryJob' });
  }

  override async moveJobFromActiveToWait(jobId: string, token = ANY_LOCK): Promise<number> {
    if (token === ANY_LOCK) return Number(await super.moveJobFromActiveToWait(jobId, token));
    const command = 'moveJobFromActiveToWait';
    await this.sendTurn({ jobId, token, now: Date.now(), end: { what: 'handed-back' }, command });
    return Math.max(0, await (await this.redis()).pttl(this.toKey('limiter')));
  }

  protected endAndTake(ended: Ended, fetchNext: boolean): Promise<Next> {
    return fetchNext && !this.closing ? this.sendTurn(ended, ended.token, this.worker) : this.sendTurn(ended);
  }

  protected async sendTurn(ended: Ended | undefined, token?: string, worker = ''): Promise<Next> {
    const queue = await this.turnQueue();
    const { lockDuration: lockMs } = { lockDuration: 30_000, ...this.queue.opts };
    turns += 1;
    const { settled, jobs, rest } = await queue.turn({
      id: `turn:${turns}`,
      now: ended?.now ?? Date.now(),
      ends: ended === undefined ? [] : [ended],
      take: token === undefined ? undefined : { tokens: [token], worker, lockMs, maxBytes: Number.MAX_SAFE_INTEGER },
    });
    const [job] = jobs;
    const [answer] = settled;
    if (answer !== undefined && ended !== undefined && answer.kind !== 'settled') {
      const handedBack: EndKind = { what: 'handed-back' };
      const ends = jobs.map(({ id, token: held }) => ({ jobId: id, token: held, end: handedBack }));
      await queue.turn({ id: `turn:${turns}:back`, now: ended.now, ends, take: undefined });
      if (answer.kind === 'refused') throw new Error(answer.reason);
      if (answer.kind === 'withheld') throw new Error('NOPERM');
      const { jobId, command } = ended;
      throw this.finishedErrors({ code: CODES[answer.kind], jobId, command, state: 'active' });
    }
    if (job !== undefined) return [(await this.getJobData(job.id)) ?? null, job.id, 0, 0];
    if (rest?.kind === 'limited') return [null, 0, rest.forMs, 0];
    return rest === undefined ? [] : [null, 0, 0, rest.kind === 'none' ? (rest.delayedUntil ?? 0) : 0];
  }

  protected keepOf(option: 'removeOnComplete' | 'removeOnFail'): KeepJobs | undefined {
    const kept: unknown = Reflect.get(this.queue.opts, option);
    return typeof kept === 'object' && kept !== null ? (kept as KeepJobs) : undefined;
  }

  protected get worker(): string {
    return 'name' in this.queue.opts ? String(this.queue.opts.name ?? '') : '';
  }

  protected async redis(): Promise<Redis> {
    // The connections of the suite are those of ioredis, behind an adapter of BullMQ's that passes on what it does not know.
    return (await this.client) as unknown as Redis;
  }

  protected async turnQueue(add = ADD_SCRIPT): Promise<RedisTurnQueue> {
    const redis = await this.redis();
    const own = queues.get(this) ?? new Map<string, RedisTurnQueue>();
    queues.set(this, own);
    const known = own.get(add);
    if (known !== undefined) return known;
    const { opts } = this.queue;
    const limiter =
      'limiter' in opts ? (opts.limiter as { readonly max: number; readonly duration: number }) : undefined;
    const metrics = 'metrics' in opts ? (opts.metrics as { readonly maxDataPoints?: number } | undefined) : undefined;
    const queue = new RedisTurnQueue({
      redis,
      blocking: () => redis,
      prefix: this.redisPrefix,
      name: this.name,
      sender: randomUUID(),
      settings: limiter === undefined ? {} : { rate: { max: limiter.max, perMs: limiter.duration } },
      metricsKept: metrics?.maxDataPoints ?? 0,
      scripts: { turn: TURN_SCRIPT, add },
    });
    own.set(add, queue);
    return queue;
  }
}

function keepIn(keep: KeepJobs): Keep {
  return { count: 'count' in keep ? keep.count : undefined, age: 'age' in keep ? keep.age : undefined };
}

function failureIn(fields: Fields): StoredFailure {
  const { failedReason, stacktrace }: Readonly<Record<string, unknown>> = { ...fields };
  const stacks: unknown = JSON.parse(String(stacktrace ?? '[]'));
  return { message: String(failedReason), stacktrace: Array.isArray(stacks) ? stacks.map(String) : [] };
}

factories.setDefaultBackendFactory((...args) => {
  const backend = factories.createRedisBackend(...args);
  Object.setPrototypeOf(backend, OurBackend.prototype);
  return backend;
});
