import { randomBytes } from 'node:crypto';
import type { App } from '../../src/contracts/index.ts';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { clientOn, type Client } from '../../src/queue/index.ts';
import { createWorkerHost, type WorkerHost } from '../../src/runtime/index.ts';
import type { AnyEngineCase } from './engines.ts';

/** An app at work in this process: a producer and a worker host on a migrated place of its own. */
export interface RunningApp {
  readonly engine: Engine;
  readonly client: Client;
  readonly host: WorkerHost;
  /** Both sides state theirs here. */
  readonly facts: Facts;
  stop(): Promise<void>;
}

export async function runApp({ open }: Pick<AnyEngineCase, 'open'>, app: App): Promise<RunningApp> {
  const { url, namespace, cleanup } = await open();
  const facts = new Facts();
  const secrets = { payloadKeys: `test:${randomBytes(32).toString('base64')}` };
  const engine = openEngine({ url, namespace, role: 'worker', secrets });
  await engine.migrate();
  const client = clientOn(openEngine({ url, namespace, role: 'producer', secrets }), facts, undefined, undefined, app);
  const host = createWorkerHost({ app, engine, facts });
  await host.start();
  return {
    engine,
    client,
    host,
    facts,
    async stop() {
      await client.close();
      await host.stop(3_000);
      await cleanup();
    },
  };
}
