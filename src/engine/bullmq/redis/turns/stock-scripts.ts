import { QueueKeys, RedisConnection, RedisQueueBackend, type JobJson } from 'bullmq';
import { toError } from '../../../../errors/index.ts';
import { requireOneSlot, type RedisClient } from '../../../../redis/index.ts';
import { isOutage, isWithheld } from '../../../../resilience/index.ts';
import {
  optionsOf,
  type End,
  type Failed,
  type NewJob,
  type SettleAnswer,
  type Succeeded,
} from '../../../turns/index.ts';

/** What BullMQ's scripts answer where an end is not theirs to write. */
const REFUSALS: Readonly<Record<number, Exclude<SettleAnswer['kind'], 'refused' | 'withheld' | 'settled'>>> = {
  [-1]: 'missing',
  [-2]: 'lock-lost',
  [-3]: 'not-active',
  [-4]: 'waits-for-children',
  [-6]: 'taken-over',
  [-9]: 'children-failed',
};

/** `code`: a number of BullMQ's, or the text of an error. */
export function settleAnswer(code: unknown): SettleAnswer {
  if (typeof code !== 'number') {
    const text = String(code);
    // As the driver throws it where the whole script fails.
    if (isWithheld(Object.assign(new Error(text), { name: 'ReplyError' }))) return { kind: 'withheld' };
    return { kind: 'refused', reason: `the server answered ${firstWord(text)}` };
  }
  const kind = REFUSALS[code];
  return kind === undefined ? { kind: 'settled' } : { kind };
}

/** An error's text may quote what is stored. */
export function firstWord(text: string): string {
  return /^[A-Z]{2,20}\b/.exec(text)?.[0] ?? 'with an error';
}

/** For so long after a job was known to be held its lock cannot be over: if it is gone, its own end has removed it. */
const HELD_FOR_SURE_MS = 5_000;

interface Finishing {
  readonly now: number;
  /** When the job was known to be its worker's, in this process's time. */
  readonly heldSince: number;
  /** It was tried before, and the answer was lost. */
  readonly isAgain: boolean;
}

/** Leans on BullMQ 6.7's scripts, called one job at a time: for what is rare, and with the time told instead of taken. */
export class StockScripts extends RedisQueueBackend {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient, prefix: string, queue: string, metricsKept: number) {
    const keys = new QueueKeys(prefix);
    const options = {
      connection: redis,
      prefix,
      ...(metricsKept > 0 && { metrics: { maxDataPoints: metricsKept } }),
    };
    super(
      new RedisConnection(redis, { shared: true, blocking: false, skipWaitingForReady: true, skipVersionCheck: true }),
      queue,
      keys.getKeys(queue),
      type => keys.toKey(queue, type),
      options,
      undefined,
    );
    this.#redis = redis;
    // It repeats each error of the connection, and one that nobody hears ends the process. The connection's owner states outages.
    this.on('error', () => undefined);
  }

  /**
   * A child's end, which its parent hears of, and one after which a stored successor is queued. An answer that is lost is asked for again, by the driver
   * or by whoever sends the turn again: what was written then is found written.
   */
  async finish({ jobId, token, end }: End, { now, heldSince, isAgain }: Finishing): Promise<SettleAnswer> {
    if (end.what !== 'succeeded' && !('attempts' in end)) throw new TypeError('Expected an end for good.');
    if (isAgain && (await this.#isWritten(jobId, end, now))) return { kind: 'settled' };
    const answer = await this.#tryToFinish(jobId, token, end, now);
    const isOver = answer.kind === 'missing' && performance.now() - heldSince < HELD_FOR_SURE_MS;
    const isWritten = isOver || (answer.kind === 'lock-lost' && (await this.#isWritten(jobId, end, now)));
    if (answer.kind !== 'settled' && !isWritten) return answer;
    if (end.what === 'succeeded' && end.keptMs !== undefined) {
      await this.#redis.set(`${this.toKey(jobId)}:result`, end.result, 'PX', end.keptMs);
    }
    return { kind: 'settled' };
  }

  async #tryToFinish(jobId: string, token: string, end: Succeeded | Failed, now: number): Promise<SettleAnswer> {
    const client = await this.client;
    const keep = { ...(end.keep.count !== undefined && { count: end.keep.count }), ...ageOf(end.keep) };
    const failed = end.what !== 'succeeded';
    const job = { id: jobId, opts: { attempts: failed ? end.attempts : 0, ...(failed && end.parents) } };
    const args = this.moveToFinishedArgs(
      // It looks at nothing else of a job.
      job as Parameters<RedisQueueBackend['moveToCompleted']>[0],
      textOf(end),
      fieldOf(end),
      // Its type wants an age or a count where its script can do without both.
      keep as { count: number },
      failed ? 'failed' : 'completed',
      token,
      now,
      false,
      failed ? { failedReason: end.failure.message, stacktrace: JSON.stringify(end.failure.stacktrace) } : undefined,
    );
    try {
      if (end.line !== undefined) await this.addLog(jobId, end.line.text, end.line.keep);
      if (end.data !== undefined) await this.execCommand(client, 'updateData', [this.toKey(jobId), end.data]);
      return settleAnswer(await this.execCommand(client, 'moveToFinished', args));
    } catch (error) {
      if (isOutage(error)) throw error;
      const { message } = toError(error);
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      // It fails for what is stored with this job or its parent, or for a right that is missing there: that must not take the others of the turn along.
      return settleAnswer(typeof code === 'number' ? code : message);
    }
  }

  async #isWritten(jobId: string, end: Succeeded | Failed, now: number): Promise<boolean> {
    const [finishedOn, text] = await this.#redis.hmget(this.toKey(jobId), 'finishedOn', fieldOf(end));
    return finishedOn === String(now) && text === textOf(end);
  }

  /** Throws at once, and does not reject: BullMQ waits for no entry of a pipeline. */
  override addJobToTransaction(...args: Parameters<RedisQueueBackend['addJobToTransaction']>): Promise<string> {
    const [, job, , , keys] = args;
    if (job.parentKey !== undefined) requireOneSlot(this.#redis, keys?.[''] ?? this.toKey(''), job.parentKey);
    return super.addJobToTransaction(...args);
  }

  /** A job whose deduplication replaces or is stored for later. Answers the id under which it stands. */
  addOne(added: NewJob): Promise<string> {
    const { id, name, data, timestamp } = added;
    const opts = optionsOf(added);
    const job: JobJson = {
      id,
      name,
      data,
      opts: {
        attempts: 0,
        ...opts,
        ...(typeof opts.backoff === 'number' && { backoff: { type: 'fixed', delay: opts.backoff } }),
      },
      timestamp,
      progress: 0,
      attemptsMade: 0,
      attemptsStarted: 0,
      stalledCounter: 0,
      failedReason: '',
      returnvalue: '',
      ...(opts.deduplication !== undefined && { deduplicationId: opts.deduplication.id }),
      ...(opts.repeatJobKey !== undefined && { repeatJobKey: opts.repeatJobKey }),
    };
    return this.addJob(job, id);
  }

  async returnStalled(now: number, everyMs: number, mostStalls: number): Promise<readonly string[]> {
    const { keys } = this;
    const names = [
      'stalled',
      'wait',
      'active',
      'stalled-check',
      'meta',
      'paused',
      'marker',
      'events',
      'repeat',
    ] as const;
    const args = [...names.map(name => keys[name] ?? this.toKey(name)), mostStalls, this.toKey(''), now, everyMs];
    const ids: unknown = await this.execCommand(await this.client, 'moveStalledJobsToWait', args);
    return Array.isArray(ids) ? ids.map(String) : [];
  }
}

function fieldOf({ what }: Succeeded | Failed): 'returnvalue' | 'failedReason' {
  return what === 'succeeded' ? 'returnvalue' : 'failedReason';
}

function textOf(end: Succeeded | Failed): string {
  return end.what === 'succeeded' ? end.result : end.failure.message;
}

function ageOf({ age, limit }: { readonly age?: number | undefined; readonly limit?: number | undefined }): object {
  return { ...(age !== undefined && { age }), ...(limit !== undefined && { limit }) };
}
