import { amongProxies } from '../../src/config/index.ts';
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
  const isProxy = amongProxies(proxies);
  return request => {
    const name = request.headers[header];
    if (!isProxy(request.socket.remoteAddress ?? '')) {
      delete request.headers[header];
      return undefined;
    }
    // Sent twice, Node joins both with a comma: that is nobody's name.
    if (typeof name !== 'string' || name.includes(',')) return undefined;
    const role = roles.get(name) ?? roles.get('*');
    return role === undefined ? undefined : { name, role };
  };
}
