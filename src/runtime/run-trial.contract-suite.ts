import { Redis } from 'ioredis';
import { Client as Database } from 'pg';
import { afterEach } from 'vitest';
import { z } from 'zod';
import type { AnyEngineCase } from '../../tests/support/engines.ts';
import { defineApp, type AnyJobContract, type Handler } from '../contracts/index.ts';
import { openEngine, type EngineQueue } from '../engine/index.ts';
import { Facts } from '../facts/index.ts';
import { clientOn, type Client } from '../queue/index.ts';
import { fixed } from '../resilience/index.ts';
import { createWorkerHost, type WorkerHost } from './host/worker-host.ts';

export const soon = fixed(10);
export const text = z.object({ text: z.string() });

export interface RunTrial {
  readonly client: Client;
  /** Both sides emit theirs here. */
  readonly facts: Facts;
  start(options?: { readonly concurrency?: number }): Promise<WorkerHost>;
  queue(name: string): Promise<EngineQueue>;
  /** Of a job in the queue "email". */
  breakJson(id: string): Promise<void>;
}

/** A producer and what is needed to start workers, for each test in a place of its own. */
export function runTrial(engineCase: AnyEngineCase) {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  return async (handlers: readonly Handler[], jobs: readonly AnyJobContract[] = []): Promise<RunTrial> => {
    const { url, namespace, cleanup } = await engineCase.open();
    cleanups.push(cleanup);
    const engine = openEngine({ url, role: 'producer', namespace });
    await engine.migrate();
    const facts = new Facts();
    const client = clientOn(engine, facts);
    cleanups.push(() => client.close());
    const contracts = new Set([...handlers.map(({ contract }) => contract), ...jobs]);
    const app = defineApp({ jobs: [...contracts], handlers });
    return {
      client,
      facts,
      queue: name => engine.queue(name),
      async start(options = {}) {
        const workers = openEngine({ url, role: 'worker', namespace });
        const host = createWorkerHost({ app, engine: workers, facts, ...options });
        cleanups.push(() => host.stop(2_000));
        await host.start();
        return host;
      },
      async breakJson(id) {
        if (engineCase.kind === 'redis') {
          const redis = new Redis(url);
          await redis.hset(`${namespace}:email:${id}`, 'data', '{"text": "a');
          await redis.quit();
        } else {
          const database = new Database({ connectionString: url });
          await database.connect();
          // A JSON column: "broken" is what BullMQ does not expect there.
          await database.query(`update "bullmq_${namespace}".job set data = '"{"' where id = $1`, [id]);
          await database.end();
        }
      },
    };
  };
}
