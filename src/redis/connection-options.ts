import type { RedisAddress, SentinelAddress } from '../config/index.ts';
import { signOf } from '../resilience/index.ts';
import { credentialsOf, type ServerOptions } from './credentials.ts';
import { slotConnector } from './slot-connector.ts';

/** A sentinel that is frozen must not hold up the others. */
const SENTINEL_ANSWERS_MS = 1_000;

/** How every connection of ours behaves, to a server alone or as a part of a cluster. */
export const CONNECTION = {
  // Nothing is done before it is used: opening an engine or a bus is synchronous.
  lazyConnect: true,
  // RESP3 gives BullMQ nothing, would change the shape of replies, and its HELLO is refused by some proxies in front of managed servers.
  protocol: 2,
  keepAlive: 10_000,
  // A half-closed connection to a frozen server would keep the process alive for 2 s.
  disconnectTimeout: 200,
  // Quick at first for a restart, then once a second; jitter, so that a fleet does not come back as one.
  retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 5), 1_000) * (0.5 + Math.random() / 2),
  // After a failover the old primary answers as a replica: leave it.
  reconnectOnError: (error: Error) => signOf(error) === 'READONLY',
} satisfies ServerOptions;

/**
 * How the driver reaches the server that an address stands for: where, as whom, over TLS or not, and how it comes back. What it does there is the
 * caller's affair.
 * @param key on a cluster the connection goes to the server that holds it, wherever that moves
 */
export function connectionOptions(address: RedisAddress, key: string): ServerOptions {
  const common = { ...CONNECTION, ...credentialsOf(address) };
  switch (address.kind) {
    case 'single':
      return { ...common, ...address.host, db: address.db };
    case 'sentinel':
      return { ...common, ...sentinelOptions(address), db: address.db };
    case 'cluster':
      // A slot that has moved is at another server, and an old master is a replica.
      return { ...common, Connector: slotConnector(address, key), reconnectOnError: isElsewhere };
  }
}

function isElsewhere(error: Error): boolean {
  return ['READONLY', 'MOVED'].includes(signOf(error) ?? '');
}

function sentinelOptions(address: SentinelAddress): ServerOptions {
  const { sentinels, master, sentinelUser, sentinelPassword, tls } = address;
  return {
    sentinels: [...sentinels],
    name: master,
    role: 'master',
    ...(sentinelUser !== undefined && { sentinelUsername: sentinelUser }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls && { sentinelTLS: {}, enableTLSForSentinelMode: true }),
    sentinelCommandTimeout: SENTINEL_ANSWERS_MS,
  };
}
