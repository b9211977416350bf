import type { Redis } from 'ioredis';
import type { RedisClient, RedisKeys } from '../../../redis/index.ts';
import {
  endedIds,
  idsText,
  placeOfKey,
  type ChildStanding,
  type EndedJob,
  type JobEnds,
  type JobPlace,
} from '../../ends/index.ts';

/** A connection that only listens would never notice that the other side is gone. */
const ASK_EVERY_MS = 10_000;

export interface RedisEndsOptions {
  readonly commands: RedisClient;
  /** Makes a connection of its own for the subscription. */
  readonly connect: () => Redis;
  readonly keys: RedisKeys;
  readonly signal: AbortSignal;
}

/** Leans on BullMQ 6.7's layout of a job that has ended: `finishedOn` with `returnvalue`, or with `failedReason`. */
export class RedisEnds implements JobEnds {
  readonly #options: RedisEndsOptions;
  readonly #channel: string;

  constructor(options: RedisEndsOptions) {
    this.#options = options;
    this.#channel = options.keys.own('~ended');
  }

  /** Sent together: one trip. */
  read(jobs: readonly JobPlace[]): Promise<readonly EndedJob[]> {
    return Promise.all(jobs.map(job => this.#read(job).catch(unreadable)));
  }

  async #read({ queue, id }: JobPlace): Promise<EndedJob> {
    const { commands, keys } = this.#options;
    const key = `${await keys.prefixOf(queue)}:${queue}:${id}`;
    const [[name, finishedOn, result, message], lines, kept] = await Promise.all([
      commands.hmget(key, 'name', 'finishedOn', 'returnvalue', 'failedReason'),
      commands.lrange(`${key}:logs`, -1, -1),
      commands.get(`${key}:result`),
    ]);
    if (typeof finishedOn !== 'string') {
      if (typeof name === 'string') return { kind: 'open' };
      return kept === null ? { kind: 'unknown' } : { kind: 'succeeded', result: kept };
    }
    if (typeof result === 'string') return { kind: 'succeeded', result };
    return { kind: 'failed', message: message ?? '', lastLine: lines[0] };
  }

  /** Sent together: one trip. The hash does not say whether a job is run; its lock does. */
  signs(jobs: readonly JobPlace[]): Promise<readonly (string | undefined)[]> {
    return Promise.all(jobs.map(job => this.#sign(job).catch(noSign)));
  }

  async #sign({ queue, id }: JobPlace): Promise<string | undefined> {
    const { commands, keys } = this.#options;
    const key = `${await keys.prefixOf(queue)}:${queue}:${id}`;
    const [fields, isHeld] = await Promise.all([
      commands.hmget(key, 'name', 'progress', 'processedOn', 'finishedOn', 'atm', 'ats', 'delay'),
      commands.exists(`${key}:lock`),
    ]);
    return fields[0] === null ? undefined : JSON.stringify([...fields.slice(1), isHeld]);
  }

  async children({ queue, id }: JobPlace): Promise<readonly ChildStanding[]> {
    const { commands, keys } = this.#options;
    const key = `${await keys.prefixOf(queue)}:${queue}:${id}`;
    const [processed, ignored, failed, open] = await Promise.all([
      commands.hgetall(`${key}:processed`),
      commands.hgetall(`${key}:failed`),
      commands.zrange(`${key}:unsuccessful`, '0', '-1'),
      commands.smembers(`${key}:dependencies`),
    ]);
    return [
      ...Object.entries(processed).map(
        ([child, result]) => ({ ...placeOfKey(child), state: 'succeeded', result }) as const,
      ),
      ...Object.entries(ignored).map(
        ([child, message]) => ({ ...placeOfKey(child), state: 'failed', message }) as const,
      ),
      ...failed.map(child => ({ ...placeOfKey(child), state: 'failed' }) as const),
      ...open.map(child => ({ ...placeOfKey(child), state: 'open' }) as const),
    ];
  }

  /** Steps stand with their job. */
  async forget(jobs: readonly JobPlace[]): Promise<number> {
    const { commands, keys } = this.#options;
    const dropped = await Promise.all(
      jobs.map(async ({ queue, id }) => commands.unlink(`${await keys.prefixOf(queue)}:${queue}:${id}:result`)),
    );
    return dropped.reduce((sum, each) => sum + each, 0);
  }

  /** BullMQ keeps 4,096 places in each millisecond. */
  async dueAt({ queue, id }: JobPlace): Promise<number | undefined> {
    const { commands, keys } = this.#options;
    const score = await commands.zscore(`${await keys.prefixOf(queue)}:${queue}:delayed`, id);
    return score === null ? undefined : Math.floor(Number(score) / 4_096);
  }

  async announce(jobIds: readonly string[]): Promise<void> {
    const { commands } = this.#options;
    await Promise.all(idsText(jobIds).map(text => commands.publish(this.#channel, text)));
  }

  async listen(heard: (jobIds?: readonly string[]) => void): Promise<void> {
    const { connect, signal } = this.#options;
    const subscriber = connect();
    subscriber.on('message', (_channel: string, text: string) => heard(endedIds(text)));
    // The driver subscribes again by itself; what was said in between is not known.
    subscriber.on('ready', () => heard());
    const asking = setInterval(() => void subscriber.ping().catch(() => undefined), ASK_EVERY_MS).unref();
    signal.addEventListener('abort', () => clearInterval(asking), { once: true });
    try {
      await subscriber.subscribe(this.#channel);
    } catch (cause) {
      clearInterval(asking);
      subscriber.disconnect();
      throw cause;
    }
  }
}

function noSign(error: unknown): undefined {
  if (unreadable(error).kind === 'unreadable') return undefined;
}

/** Another program keeps something else where the job, its log or its result stands. */
function unreadable(error: unknown): EndedJob {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE ')) return { kind: 'unreadable' };
  throw error;
}
