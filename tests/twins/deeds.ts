import { FlowProducer, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { PREFIX, QUEUE, type Deed } from './step.ts';

/** What stock programs do to a queue, on one database. */
export class Deeds {
  readonly #redis: Redis;
  readonly #queue: Queue;
  readonly #flows: FlowProducer;

  constructor(redis: Redis) {
    this.#redis = redis;
    const common = { connection: redis, prefix: PREFIX, skipMetasUpdate: true };
    this.#queue = new Queue(QUEUE, common);
    this.#flows = new FlowProducer(common);
  }

  get queue(): Queue {
    return this.#queue;
  }

  async do(deed: Deed): Promise<void> {
    const key = (name: string): string => `${PREFIX}:${QUEUE}:${name}`;
    const redis = this.#redis;
    switch (deed.what) {
      case 'pause':
        return this.#queue.pause();
      case 'resume':
        return this.#queue.resume();
      case 'expire-limiter':
        await redis.del(key('limiter'));
        return;
      case 'set-meta':
        for (const [field, value] of Object.entries(deed.fields)) {
          await (value === undefined ? redis.hdel(key('meta'), field) : redis.hset(key('meta'), field, value));
        }
        return;
      case 'drop-lock':
        await redis.del(key(`${deed.id}:lock`));
        return;
      case 'take-lock':
        await redis.set(key(`${deed.id}:lock`), deed.token);
        return;
      case 'delete-job':
        await redis.del(key(deed.id));
        return;
      case 'drop-name':
        await redis.hdel(key(deed.id), 'name');
        return;
      case 'drop-key':
        await redis.del(key(deed.key));
        return;
      case 'delete-holder': {
        const holder = await redis.get(key(deed.key));
        if (holder !== null) await redis.del(key(holder));
        return;
      }
      case 'wait-for-it': {
        // Its parent waits for it, also where it has ended: as after an outage that lost a part.
        const parentKey = await redis.hget(key(deed.id), 'parentKey');
        if (parentKey === null || (await redis.exists(parentKey)) === 0) return;
        await redis.sadd(`${parentKey}:dependencies`, key(deed.id));
        await redis.zadd(key('waiting-children'), 1, parentKey.slice(key('').length));
        return;
      }
      case 'list':
        // Of two in a row BullMQ takes the second for a job.
        if ((await redis.lrange(key(deed.key), 0, -1)).some(member => member.startsWith('0:'))) return;
        await redis.rpush(key(deed.key), deed.member);
        return;
      case 'defer-failure':
        if ((await redis.exists(key(deed.id))) === 1) await redis.hset(key(deed.id), 'defa', 'a child failed');
        return;
      case 'promote': {
        const job = await this.#queue.getJob(deed.id);
        await job?.promote().catch(() => undefined);
        return;
      }
      case 'wait-for-children': {
        const job = await this.#queue.getJob(deed.id);
        await job?.moveToWaitingChildren(deed.token).catch(() => undefined);
        return;
      }
      case 'flow':
        await this.#flows.add({
          queueName: QUEUE,
          name: deed.parent.name,
          data: JSON.parse(deed.parent.data) as unknown,
          opts: { ...deed.parent.opts, jobId: deed.parent.id },
          children: deed.children.map(({ id, name, data, opts }) => ({
            queueName: QUEUE,
            name,
            data: JSON.parse(data) as unknown,
            opts: { ...opts, jobId: id },
          })),
        });
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#queue.close(), this.#flows.close()]);
  }
}
