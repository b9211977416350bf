import { createServer, get } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { OpenStreams, USUAL_STREAMS } from '../../src/http/index.ts';
import type { OverviewReading } from '../overview/overview-reader.ts';
import { LiveOverview } from './live-overview.ts';

const about = {
  base: '',
  engine: 'Redis',
  contracts: new Map<never, never>(),
  hasProjections: false,
  testsAlerts: false,
};
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Pages that follow, over a real server; what is read is the number of the look. */
async function setup() {
  let looks = 0;
  const read = vi.fn<() => Promise<OverviewReading>>(async () => {
    looks += 1;
    return { work: undefined, flows: undefined, series: undefined, problems: [`look ${looks}`] };
  });
  const errors: unknown[] = [];
  const live = new LiveOverview({
    about,
    reader: { read, readAnew: read },
    report: error => errors.push(error),
    lookMs: 20,
  });
  const streams = new OpenStreams(USUAL_STREAMS);
  const server = createServer((request, response) => {
    const role = request.url === '/admin' ? ('admin' as const) : ('viewer' as const);
    void streams.open({
      response,
      caller: 'ann',
      isStillAllowed: async () => 'yes',
      feed: stream => live.follow(stream, { range: '1h', role }),
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close().closeAllConnections());
  const follow = async (path = '/') => {
    const request = get({ port: (server.address() as AddressInfo).port, path, host: '127.0.0.1' });
    request.on('error', () => undefined);
    let text = '';
    request.on('response', response =>
      response.on('data', (part: Buffer) => (text += String(part))).on('error', () => undefined),
    );
    const looks = (): readonly number[] => [...text.matchAll(/look (\d+)/g)].map(([, count]) => Number(count));
    await expect.poll(() => looks().length).toBeGreaterThan(2);
    return { looks, text: () => text, leave: () => request.destroy() };
  };
  return { live, read, follow, errors };
}

test('pages that see the same are sent the same look, which is read once for all of them', async () => {
  const { read, follow, errors } = await setup();
  const pages = await Promise.all(Array.from({ length: 8 }, () => follow()));
  const from = Math.max(...pages.map(page => page.looks().at(-1) ?? 0)) + 1;
  await expect.poll(() => Math.min(...pages.map(page => page.looks().at(-1) ?? 0))).toBeGreaterThan(from + 5);
  for (const page of pages) {
    const own = page.looks().filter(look => look >= from && look <= from + 5);
    expect(own).toEqual([0, 1, 2, 3, 4, 5].map(nth => from + nth));
  }
  expect(read.mock.calls.length).toBeGreaterThan(from + 5);
  expect(errors).toEqual([]);
});

test('nothing is read while nobody follows, and again as soon as somebody does', async () => {
  const { live, read, follow } = await setup();
  const page = await follow();
  const other = await follow('/admin');
  page.leave();
  other.leave();
  await expect.poll(() => live.isAsleep).toBe(true);
  const before = read.mock.calls.length;
  const again = await follow();
  expect(again.looks()[0]).toBe(before + 1);
});

test('what has not changed since the last look is not sent again, and a page that comes later is sent all of it', async () => {
  const { follow } = await setup();
  const first = await follow();
  const later = await follow();
  await expect.poll(() => later.looks().length).toBeGreaterThan(6);
  for (const page of [first, later]) {
    expect(page.text().match(/^event: whole$/gm)).toHaveLength(1);
    expect(page.text().match(/Overview<\/h1>/g)).toHaveLength(1);
    expect(page.text().match(/^event: piece$/gm)?.length).toBeGreaterThan(4);
  }
});
