import type { RedisAddress, SentinelAddress } from '../config/index.ts';
import { signOf } from '../resilience/index.ts';
import { credentialsOf, type ServerOptions } from './credentials.ts';
import { slotConnector } from './slot-connector.ts';

/** A sentinel that is frozen must not hold up the others. */
const SENTINEL_ANSWERS_MS = 1_000;

/**
 * How the driver reaches the server that an address stands for: where, as whom, over TLS or not. What it does there is the caller's affair.
 * @param key on a cluster the connection goes to the server that holds it, wherever that moves
 */
export function connectionOptions(address: RedisAddress, key: string): ServerOptions {
  const common = credentialsOf(address);
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
