import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, test } from 'vitest';
import { readStream } from '../../tests/support/served-api.ts';
import { askWordAgain } from '../sign-in/ask-again.ts';
import { viewerByWord } from '../sign-in/authenticate.ts';
import { Viewers } from '../sign-in/access.ts';
import { USUAL_PACE } from './live-pace.ts';
import { liveRoute, liveStreams } from './live-route.ts';

const HEADER = 'x-auth-user';
const report = (error: unknown): never => {
  throw error;
};

test('who was let in by a header of a proxy is asked for it again by another request, which that proxy can refuse', async () => {
  const viewers = new Viewers();
  const byHeader = ({ headers }: Pick<express.Request, 'headers'>) =>
    typeof headers[HEADER] === 'string' ? { name: headers[HEADER], role: 'viewer' as const } : undefined;
  const app = express().use(async (request, response, next) => {
    const viewer = await viewerByWord(byHeader, request, report);
    if (viewer === undefined) return void response.status(401).end();
    viewers.set(request, viewer);
    next();
  });
  const viewerOf = (request: express.Request) => viewers.of(request) ?? report(new Error('nobody'));
  const streams = liveStreams(USUAL_PACE);
  const live = { follow: () => undefined };
  app.get('/live', liveRoute({ live, streams, viewerOf, askAgain: askWordAgain(byHeader, report, 20) }));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/live`;

  // Its own words say for ever that it is ada.
  const stream = await readStream(url, { [HEADER]: 'ada' });
  await stream.ended;
  expect(stream.events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'time' } });
  expect((await readStream(url)).status).toBe(401);
  server.close();
});
