import ipaddr from 'ipaddr.js';
import type { Authenticate } from './authenticate.ts';
import type { Role } from './roles.ts';

export interface TrustedHeader {
  /** In lower case, as Node keeps it. */
  readonly header: string;
  /** Addresses, networks, or `loopback`, `linklocal`, `uniquelocal`: the proxies whose word is taken. */
  readonly proxies: readonly string[];
  /** The role of each name; `*` is anybody else. A name without one is nobody. */
  readonly roles: ReadonlyMap<string, Role>;
}

/**
 * Who asks, by a header of a proxy that has signed them in. Only what the other end of the connection itself says counts, never an
 * address that it tells in another header; from anybody else the header is taken out of the request.
 */
export function byTrustedHeader({ header, proxies, roles }: TrustedHeader): Authenticate {
  return request => {
    const name = request.headers[header];
    if (!isAmong(request.socket.remoteAddress, proxies)) {
      delete request.headers[header];
      return undefined;
    }
    // Sent twice, Node joins both with a comma: that is nobody's name.
    if (typeof name !== 'string' || name.includes(',')) return undefined;
    const role = roles.get(name) ?? roles.get('*');
    return role === undefined ? undefined : { name, role };
  };
}

function isAmong(address: string | undefined, proxies: readonly string[]): boolean {
  if (address === undefined || !ipaddr.isValid(address)) return false;
  const peer = ipaddr.process(address);
  return proxies.some(proxy => {
    if (!/[.:]/.test(proxy)) return RANGES[proxy] === peer.range();
    const [network, bits] = proxy.includes('/') ? ipaddr.parseCIDR(proxy) : [ipaddr.process(proxy), undefined];
    if (network.kind() !== peer.kind()) return false;
    return peer.match(network, bits ?? (network.kind() === 'ipv4' ? 32 : 128));
  });
}

const RANGES: Readonly<Record<string, string>> = {
  loopback: 'loopback',
  linklocal: 'linkLocal',
  uniquelocal: 'private',
};
