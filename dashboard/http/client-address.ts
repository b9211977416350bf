import type { Request } from 'express';
import ipaddr from 'ipaddr.js';

/** What stands for one client when its tries are counted: an IPv4 address, or the /64 that a single IPv6 host commands. */
export function clientKey(request: Request): string {
  const text = request.ip ?? '';
  if (!ipaddr.isValid(text)) return 'unknown';
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv6)
    return `${address.parts
      .slice(0, 4)
      .map(part => part.toString(16))
      .join(':')}::/64`;
  return address.toString();
}

export function isLoopbackAddress(text: string | undefined): boolean {
  return text !== undefined && ipaddr.isValid(text) && ipaddr.process(text).range() === 'loopback';
}

/** True for the Host header of a browser that was sent to this machine by a name that cannot be pointed elsewhere. */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = URL.parse(`http://${host ?? ''}`)?.hostname;
  if (name === undefined || name === '') return false;
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name.replace(/^\[|\]$/g, ''));
}
