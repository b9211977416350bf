import type { Request } from 'express';
import ipaddr from 'ipaddr.js';
import { clientNetwork } from '../../src/config/index.ts';

/** What stands for one client when its tries are counted. */
export function clientKey(request: Request): string {
  return clientNetwork(request.ip ?? '');
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
