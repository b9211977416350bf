import { expect, test } from 'vitest';
import { amongProxies, clientNetwork, readTrustProxy } from './trust-proxy.ts';
import { Environment } from './environment.ts';

test.each([
  ['10.1.2.3', '10.1.2.3'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['2001:db8:0:1:aaaa::1', '2001:db8:0:1::/64'],
  ['2001:0db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
  ['1::', '1:0:0:0::/64'],
  ['10.1', 'unknown'],
  ['', 'unknown'],
])('the client at %s is counted as %s', (address, expected) => {
  expect(clientNetwork(address)).toBe(expected);
});

test('proxies are known by address, network and the name of a range, IPv4 also in its IPv6 form', () => {
  const isProxy = amongProxies(['10.0.3.0/24', '192.0.2.7', '2001:db8::/32', 'loopback']);
  const these = ['10.0.3.9', '::ffff:10.0.3.9', '192.0.2.7', '2001:db8::9', '127.0.0.2', '::1'];
  const others = ['10.0.4.1', '192.0.2.8', '2001:db9::1', 'unknown', ''];
  expect([...these, ...others].filter(isProxy)).toEqual(these);
  expect(amongProxies(['uniquelocal'])('fd00::1')).toBe(true);
});

test.each([
  ['2', 2],
  ['10.0.0.0/8, loopback', '10.0.0.0/8,loopback'],
  ['2001:db8::/32', '2001:db8::/32'],
])('TRUST_PROXY=%s is read', (text, expected) => {
  const environment = new Environment({ TRUST_PROXY: text });
  expect(readTrustProxy(environment)).toBe(expected);
  expect(environment.problems).toEqual([]);
});

test.each(['true', '0', '10', '1.2', '10.0.0.0/33', '10.0.0.0/8/8', '*', '10.0.0.0/-1', 'fe80::1%eth0', 'toString'])(
  'TRUST_PROXY=%s is refused: it would believe others than were meant',
  text => {
    const environment = new Environment({ TRUST_PROXY: text });
    expect(readTrustProxy(environment)).toBeUndefined();
    expect(environment.problems).toHaveLength(1);
  },
);
