import { createServer, get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { EventStream, type EventStreamOptions } from './event-stream.ts';

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
});

async function setup({ method = 'GET', ...options }: Partial<EventStreamOptions> & { method?: string } = {}) {
  const opened = Promise.withResolvers<EventStream>();
  const server = createServer((_, response) =>
    opened.resolve(new EventStream(response, { heartbeatMs: 60_000, slowMs: 60_000, ...options })),
  ).listen(0, '127.0.0.1');
  cleanups.push(() => server.close().closeAllConnections());
  await once(server, 'listening');
  const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', method });
  request.on('error', () => undefined);
  const [reader] = (await once(request, 'response')) as [IncomingMessage];
  reader.on('error', () => undefined);
  return { stream: await opened.promise, reader };
}

test('a reader that reads nothing is dropped, and costs no more than the newest event of each job meanwhile', async () => {
  const { stream } = await setup({ slowMs: 200 });
  // More than the system keeps for a connection.
  const data = 'x'.repeat(30_000_000);
  for (let event = 0; event < 200; event += 1) stream.set(`job-${event % 2}`, { name: 'job', id: `${event}`, data });
  expect(await stream.ended).toBe('slow');
});

test('a reader that was slow goes on with the newest event of each job, not with those that are old', async () => {
  const { stream, reader } = await setup();
  for (let event = 0; event < 100; event += 1) {
    stream.set('a', { name: 'job', id: `${event}`, data: { event, fill: 'x'.repeat(1_000_000) } });
  }
  let text = '';
  const ended = once(reader, 'end');
  reader.on('data', (chunk: Buffer) => {
    text += String(chunk);
    if (text.includes('"event":99')) stream.end('over');
  });
  await ended;
  const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  expect(ids.at(-1)).toBe(99);
  expect(ids.length).toBeLessThan(50);
  expect(text.endsWith('event: end\ndata: {"reason":"over"}\n\n')).toBe(true);
});

test('a reader that may see no more is dropped at once, also one that reads nothing', async () => {
  const { stream } = await setup();
  stream.set('a', { name: 'job', id: '1', data: 'x'.repeat(30_000_000) });
  stream.end('over');
  stream.end('not-allowed');
  expect(await stream.ended).toBe('not-allowed');
});

test('who asks for the head alone is answered at once, and takes no place', async () => {
  const { stream, reader } = await setup({ method: 'HEAD' });
  expect(reader.headers['content-type']).toBe('text/event-stream');
  expect(await stream.ended).toBe('left');
});

test('who leaves is noticed', async () => {
  const { stream, reader } = await setup({ heartbeatMs: 20 });
  reader.destroy();
  expect(await stream.ended).toBe('left');
});

test('a reader that is cut off among events has seen no more than those it has: the id comes with the last of them', async () => {
  const { stream, reader } = await setup();
  const [large, events] = ['x'.repeat(8_000_000), ['a', 'b', 'c'] as const];
  stream.setAll(events.map(key => [key, { name: 'job', id: 'all', data: key === 'b' ? large : key }]));
  // It waits behind those by now, in the place of the older one.
  stream.set('b', { name: 'job', id: 'newer', data: 'b again' });
  let text = '';
  const ended = once(reader, 'end');
  reader.on('data', (chunk: Buffer) => {
    text += String(chunk);
    if (text.slice(-100).includes('b again')) stream.end('over');
  });
  await ended;
  const told = text.split('\n\n').flatMap(block => {
    const [, id, data] = /^id: (.*)\nevent: job\ndata: (.{0,9})/s.exec(block) ?? [];
    return id === undefined ? [] : [[id, data]];
  });
  expect(told.at(-1)).toEqual(['newer', '"b again"']);
  expect(told.slice(0, -1).map(([id]) => id)).toEqual(told.slice(1).map(() => ''));
  expect(told.length).toBeGreaterThan(2);
});

test('who left before the stream was opened, while a sign-in was asked, is noticed at once', async () => {
  const opened = Promise.withResolvers<EventStream>();
  const server = createServer((_, response) => {
    response.on('close', () => opened.resolve(new EventStream(response, { heartbeatMs: 60_000, slowMs: 60_000 })));
  }).listen(0, '127.0.0.1');
  cleanups.push(() => server.close().closeAllConnections());
  await once(server, 'listening');
  const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  request.on('error', () => undefined);
  await once(server, 'request');
  request.destroy();
  expect(await (await opened.promise).ended).toBe('left');
});
