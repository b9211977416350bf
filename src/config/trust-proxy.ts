import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import type { Environment } from './environment.ts';

/** Whose word is taken on where a request comes from: so many proxies in front, or their addresses, networks and ranges by name, comma-separated. */
export type TrustProxy = number | string;

/** The ranges by the names that express has for them. */
const RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** A number of hops, or whose word is taken. "true" would believe everybody, so it is no value. */
export function readTrustProxy(environment: Environment): TrustProxy | undefined {
  const list = environment.list('TRUST_PROXY');
  if (list === undefined) return undefined;
  const [only = ''] = list;
  if (list.length === 1 && /^[1-9]$/.test(only)) return Number(only);
  if (list.length > 0 && list.every(isProxy)) return list.join(',');
  environment.problem(
    'Expected TRUST_PROXY to be the number of proxies in front (1 to 9), or their addresses or networks, comma-separated.',
  );
  return undefined;
}

/** Whether an address is one of those, or within them: an IPv4 address in its IPv6 form is that IPv4 address. */
export function amongProxies(proxies: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of proxies.flatMap(proxy => RANGES[proxy] ?? [proxy])) {
    const [address = '', bits] = network.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return address => {
    const plain = plainAddress(address);
    return isIP(plain) !== 0 && list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
  };
}

/** `::ffff:10.0.0.1` as `10.0.0.1`; a zone (`%eth0`) is of this machine alone. */
export function plainAddress(address: string): string {
  const text = address.replace(/%.*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1];
  return mapped ?? text;
}

/** What stands for one client when its tries are counted: an IPv4 address, or the /64 that a single IPv6 host commands. */
export function clientNetwork(address: string): string {
  const plain = plainAddress(address);
  if (isIPv4(plain)) return plain;
  if (!isIPv6(plain)) return 'unknown';
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const ending = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - groups.length - ending.length);
  const first = [...groups, ...Array.from({ length: gap }, () => '0'), ...ending].slice(0, 4);
  return `${first.map(group => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

function isProxy(text: string): boolean {
  if (Object.hasOwn(RANGES, text)) return true;
  const [address = '', bits, ...others] = text.split('/');
  if (others.length > 0 || isIP(address) === 0 || address.includes('%')) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128));
}
