import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/index.ts';
import { startProcess } from '../../tests/support/child-process.ts';
import { freshDatabase } from '../../tests/support/engines.ts';
import { freePort } from '../../tests/support/free-port.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

describe('the shop as a program', () => {
  test('names every fault of its environment at once and ends with 2', async () => {
    const shop = startProcess(MAIN, { env: { PORT: 'x', MAILBOX_PORT: '0', REDIS_URL: 'ftp://x', LOG_LEVEL: 'loud' } });
    expect(await shop.ended).toBe(2);
    const said = shop.lines.join('\n');
    for (const name of ['PORT', 'MAILBOX_PORT', 'REDIS_URL', 'DATABASE_URL', 'LOG_LEVEL'])
      expect(said).toContain(`Expected ${name} to be`);
  });

  test('on SIGTERM it finishes the request under way, ends the streams, and exits with 0', async () => {
    const database = await freshDatabase();
    cleanups.push(() => database.drop());
    const engine = openEngine({ url: database.url, role: 'producer' });
    await engine.migrate();
    await engine.close();
    const port = await freePort();
    const shop = startProcess(MAIN, { env: { PORT: String(port), DATABASE_URL: database.url } });
    cleanups.push(() => shop.kill('SIGKILL'));
    await shop.line(/the shop is open/);
    const base = `http://127.0.0.1:${port}`;

    const stream = await fetch(`${base}/users/u1/notifications/stream`);
    // A request under way: its body has begun to arrive.
    const body = new TransformStream<Uint8Array, Uint8Array>();
    const writer = body.writable.getWriter();
    const answer = fetch(`${base}/signup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: body.readable,
      duplex: 'half',
    });
    const encoder = new TextEncoder();
    await writer.write(encoder.encode('{"email":"ada@example.com",'));
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    shop.kill('SIGTERM');
    // The stream's end says that it is stopping.
    await stream.text();
    await writer.write(encoder.encode('"name":"Ada"}'));
    await writer.close();
    expect((await answer).status).toBe(202);
    expect(await shop.ended).toBe(0);
  });
});
