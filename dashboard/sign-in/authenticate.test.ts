import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { Viewers } from './access.ts';
import { recogniseByWord } from './authenticate.ts';

test('whoever is asked who it is and never answers holds no request: it is nobody, and is reported', async () => {
  const reported: unknown[] = [];
  const viewers = new Viewers();
  const handler = express();
  const never = new Promise<undefined>(() => undefined);
  handler.use(
    recogniseByWord(
      viewers,
      () => never,
      error => reported.push(error),
      20,
    ),
  );
  handler.use((request, response) => void response.json({ user: viewers.of(request)?.name ?? 'nobody' }));
  const server = createServer(handler).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect(await answer.json()).toEqual({ user: 'nobody' });
  expect(reported.map(String)).toEqual(['Error: Expected authenticate to answer within 20 ms, got nothing so far.']);
});
