import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { amongProxies, plainAddress, type TrustProxy } from '../../config/index.ts';

/** Says where a request comes from: the other end of its connection or, where that is a proxy whose word is taken, whom it names in X-Forwarded-For. */
export function clientAddresses(trust: TrustProxy | undefined): (request: IncomingMessage) => string {
  const isTrusted =
    typeof trust === 'number'
      ? (_: string, hop: number) => hop < trust
      : amongProxies(trust?.split(',').map(proxy => proxy.trim()) ?? []);
  return ({ socket, headers }) => {
    let address = socket.remoteAddress ?? '';
    // Each proxy writes down behind the others whom it was asked by.
    const said = String(headers['x-forwarded-for'] ?? '').split(',');
    for (let hop = 0; isTrusted(address, hop); hop += 1) {
      const before = plainAddress(said.pop()?.trim() ?? '');
      if (isIP(before) === 0) break;
      address = before;
    }
    return address;
  };
}
