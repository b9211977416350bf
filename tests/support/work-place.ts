import { afterEach } from 'vitest';
import { defineApp, type AnyJobContract, type Handler } from '../../src/contracts/index.ts';
import { openEngine, type Engine, type EngineQueue } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { connect, type Client } from '../../src/queue/index.ts';
import { createWorkerHost, type WorkerHost } from '../../src/runtime/index.ts';
import type { EngineCase } from './engines.ts';

/** A migrated place of a test's own, where it enqueues first and works when it wants to. */
export interface WorkPlace {
  readonly url: string;
  readonly engine: Engine;
  readonly queue: EngineQueue;
  /** What `client` and the hosts state. */
  readonly facts: Facts;
  readonly client: Client;
  /** A client more, as of another process. */
  another(): Client;
  start(handlers: readonly Handler[], others?: readonly AnyJobContract[]): Promise<WorkerHost>;
}

/** For a `describe` of its own: whatever is opened is closed behind each test. */
export function workPlaces({ kind, open }: EngineCase): () => Promise<WorkPlace> {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });
  return async () => {
    const { url, namespace, cleanup } = await open();
    cleanups.push(cleanup);
    const engine = openEngine({ url, role: 'producer', namespace });
    cleanups.push(() => engine.close());
    await engine.migrate();
    const facts = new Facts();
    const connected = (options: { readonly facts?: Facts } = {}): Client => {
      const made = connect({ [kind]: url, namespace, ...options });
      cleanups.push(() => made.close());
      return made;
    };
    let client: Client | undefined;
    return {
      url,
      engine,
      queue: await engine.queue('email'),
      facts,
      get client() {
        return (client ??= connected({ facts }));
      },
      another: () => connected(),
      async start(handlers, others = []) {
        const app = defineApp({ jobs: [...handlers.map(({ contract }) => contract), ...others], handlers });
        const host = createWorkerHost({ app, engine: openEngine({ url, role: 'worker', namespace }), facts });
        cleanups.push(() => host.stop(2_000));
        await host.start();
        return host;
      },
    };
  };
}
