import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { DeliveryError } from '../../src/resilience/index.ts';

/** Finds a host's addresses; a test gives one that changes its mind. */
export type Resolver = (host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void;

/** Hosts that may be called although they are private, as `host:port`. For development and tests. */
export type AllowedHosts = ReadonlySet<string>;

const PORTS: ReadonlySet<string> = new Set(['', '80', '443', '8080', '8443']);

/** Systems inside the network that answer on a name, whatever its address. */
const LOCAL_NAMES = /(?:^|\.)(?:localhost|localdomain|local|internal|home\.arpa)$/;

const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');

/** Only addresses that the whole internet may route to. Everything that is not plain unicast is refused. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // `process` turns ::ffff:a.b.c.d into a.b.c.d.
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  if (parsed.kind() === 'ipv4') return true;
  // All that was ever given out. Elsewhere are prefixes that carry an IPv4 address which nobody has looked at (64:ff9b::/96, ::a.b.c.d)
  // and what a router inside may know.
  return parsed.match(GLOBAL_UNICAST);
}

/** Whether a name or an address leads nowhere but to this machine. */
export function isThisMachine(host: string): boolean {
  if (/^(?:.+\.)?localhost\.?$/i.test(host)) return true;
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback';
}

/**
 * What can be refused before anything is asked of DNS: schemes, credentials, ports, literal addresses, local names.
 * The URL parser has already turned `127.1`, `0x7f.1` and `2130706433` into dotted form.
 * @throws DeliveryError, permanent
 */
export function checkTarget(url: URL, allowed: AllowedHosts): void {
  const refuse = (why: string): never => {
    throw new DeliveryError('permanent', `The address was refused: ${why}.`, { destination: url.hostname });
  };
  if (url.protocol !== 'https:' && url.protocol !== 'http:') refuse('only http and https are called');
  if (url.username !== '' || url.password !== '') refuse('it carries a user name or password');
  if (isAllowed(url, allowed)) return;
  if (!PORTS.has(url.port)) refuse('its port is not one of 80, 443, 8080, 8443');
  const host = url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (host === '' || LOCAL_NAMES.test(host) || (isIP(host) === 0 && !host.includes('.')))
    refuse('it names a local host');
  if (isIP(host) !== 0 && !isPublicAddress(host)) refuse('it is not on the public internet');
}

export function isAllowed(url: URL, allowed: AllowedHosts): boolean {
  return allowed.has(url.host.toLowerCase());
}

/**
 * A `lookup` for sockets: every address found is checked, and what was checked is what is connected to, so that a name cannot
 * answer one address to the check and another to the connection.
 */
export function guardedLookup(resolve: Resolver = systemResolve): LookupFunction {
  return (host, options, callback) => {
    resolve(host, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address))) {
        const refused = new DeliveryError('permanent', 'The address was refused: it is not on the public internet.', {
          destination: host,
        });
        return callback(refused, '', 0);
      }
      if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };
}

function systemResolve(host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void): void {
  systemLookup(host, { all: true }, (error, addresses) => done(error, addresses));
}
