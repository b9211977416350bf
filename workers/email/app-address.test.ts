import { expect, test } from 'vitest';
import { Environment } from '../../src/config/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { appAddress } from './app-address.ts';

async function linkOf(address: string | undefined): Promise<string> {
  const environment = new Environment({ APP_URL: address });
  const opener = appAddress.configure(environment, { neededBy: 'a test', also: () => undefined });
  environment.check();
  const { value } = await opener.open({ facts: new Facts(), use: () => Promise.reject(new Error('nothing else')) });
  return value.link('/reset?token=a');
}

test.each([
  [undefined, 'http://localhost:3000/reset?token=a'],
  ['https://shop.example', 'https://shop.example/reset?token=a'],
  ['https://shop.example/', 'https://shop.example/reset?token=a'],
  ['https://example.com/shop', 'https://example.com/shop/reset?token=a'],
  ['https://example.com:8443/shop/', 'https://example.com:8443/shop/reset?token=a'],
])('links lead below APP_URL %s', async (address, link) => {
  await expect(linkOf(address)).resolves.toBe(link);
});

test.each([
  'https://shop.example?from=mail',
  'https://user:hunter2@shop.example',
  'https://shop.example/#top',
  'ftp://x',
])('APP_URL %s is refused by name', async address => {
  const refusal = await linkOf(address).catch(String);
  expect(refusal).toContain('APP_URL');
  expect(refusal).not.toContain('hunter2');
});
