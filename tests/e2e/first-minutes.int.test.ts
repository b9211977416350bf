import { describe, expect, test } from 'vitest';
import { startProcess } from '../support/child-process.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis-server.ts';
import { firstMinutes, MAIN } from './first-minutes.ts';

describe('the first minutes on postgres', () => {
  firstMinutes('postgres');
});

describe('npm start', () => {
  test('names every taken port with the variable that moves it, and starts nothing', async () => {
    const redis = await startRedis();
    const other = await startRedis();
    try {
      const app = startProcess(MAIN, {
        env: {
          PORT: String(redis.port),
          DASHBOARD_PORT: String(other.port),
          MAILBOX_PORT: String(await freePort()),
          MAILBOX_SMTP_PORT: 'x',
        },
      });
      expect(await app.ended).toBe(2);
      const said = app.lines.join('\n');
      expect(said).toContain(`Port ${redis.port} for the shop is taken`);
      expect(said).toContain('set DASHBOARD_PORT');
      expect(said).toContain('Expected MAILBOX_SMTP_PORT to be an integer');
      expect(said).not.toContain('starting');
    } finally {
      await redis.stop();
      await other.stop();
    }
  });
});
