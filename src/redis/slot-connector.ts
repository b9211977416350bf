import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import type { ClusterAddress } from '../config/index.ts';
import { toError } from '../errors/index.ts';
import { masterOf } from './cluster-map.ts';
import { slotOf } from './key-slot.ts';

type Stream = Awaited<ReturnType<AbstractConnector['connect']>>;
type Connector = NonNullable<RedisOptions['Connector']>;

const AGAIN_MS = 200;

/**
 * Takes a connection to the master that holds a key, each time anew: after a failover, or when the slot has moved, it goes to another server. Leans
 * on ioredis 6, which ends a connection for good where its connector rejects: so this one goes on asking.
 */
export function slotConnector(address: ClusterAddress, key: string): Connector {
  const slot = slotOf(key);
  return class SlotConnector extends AbstractConnector {
    // Set by `connect`; there is none before.
    declare protected stream: Stream;

    constructor(options: unknown) {
      super(disconnectTimeoutOf(options));
    }

    async connect(tell: (type: string, error: Error) => void): Promise<Stream> {
      this.connecting = true;
      for (;;) {
        try {
          const { host, port } = await masterOf(address, slot);
          this.#insist();
          const { family, tls } = address;
          const target = { host, port, ...(family !== undefined && { family }) };
          this.stream = tls ? connectTls(target) : createConnection(target);
          this.stream.once('error', (error: Error) => (this.firstError = error));
          return this.stream;
        } catch (error) {
          this.#insist();
          tell('error', toError(error));
        }
        await sleep(AGAIN_MS);
        this.#insist();
      }
    }

    #insist(): void {
      if (!this.connecting) throw new Error('Connection is closed.');
    }
  };
}

function disconnectTimeoutOf(options: unknown): number {
  const known = typeof options === 'object' && options !== null && 'disconnectTimeout' in options;
  return known ? Number(options.disconnectTimeout) : 2_000;
}
