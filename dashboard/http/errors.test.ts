import express from 'express';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { errorAnswers } from './errors.ts';

test('a page whose tables are missing says what to run, and the log says which', async () => {
  const reported: unknown[] = [];
  const missing = Object.assign(new Error('relation "journal.run" does not exist'), { code: '42P01' });
  const app = express();
  app.get('/', () => {
    throw missing;
  });
  app.use(errorAnswers(error => reported.push(error)));
  const server = app.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a port.');
  const answer = await fetch(`http://127.0.0.1:${address.port}/`);
  expect(answer.status).toBe(503);
  const text = await answer.text();
  expect(text).toContain('Run shiftwork migrate');
  expect(text).not.toContain('journal.run');
  expect(reported).toEqual([missing]);
});
