import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { openEngine } from '../../src/engine/index.ts';
import { startProcess } from '../../tests/support/child-process.ts';
import { freshDatabase } from '../../tests/support/engines.ts';
import { freePort } from '../../tests/support/free-port.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const KILLS = 8;

test('a shop that is killed at any moment of a sign-up leaves the user with its event and its jobs, or nothing of it', async () => {
  const database = await freshDatabase();
  const engine = openEngine({ url: database.url, role: 'producer' });
  await engine.migrate();
  await engine.close();
  const pool = new Pool({ connectionString: database.url });
  let answered = 0;
  try {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const port = await freePort();
      const shop = startProcess(MAIN, { env: { PORT: String(port), DATABASE_URL: database.url, LOG_LEVEL: 'info' } });
      await shop.line(/the shop is open/);
      const signUp = async (index: number): Promise<void> => {
        const answer = await fetch(`http://127.0.0.1:${port}/signup`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email: `u${kill}-${index}@example.com`, name: 'Ada' }),
        });
        await answer.text();
        answered += 1;
      };
      // More than it can answer before it is killed, so that some are under way at whatever line that is.
      const asking = Array.from({ length: 150 }, (_, index) => signUp(index).catch(() => undefined));
      await pause(20 + Math.random() * 120);
      shop.kill('SIGKILL');
      await Promise.all(asking);
      await shop.ended;
    }
    const { rows } = await pool.query<{ users: number; whole: number; events: number }>(`
      select (select count(*)::int from shop_users) as users,
             (select count(*)::int from shop_users u
              where (select count(*) from shiftwork_outbox.entry where kind = 'event' and id = 'registered-' || u.id) = 1
            ) as whole,
             (select count(*)::int from shiftwork_outbox.entry where kind = 'event') as events`);
    const [found] = rows;
    // No relay has run: every event that was written is still there, and every job, sent or not.
    expect(found?.whole).toBe(found?.users);
    expect(found?.events).toBe(found?.users);
    expect(found?.users).toBeGreaterThanOrEqual(answered);
    expect(found?.users).toBeLessThan(KILLS * 150);
    const jobs = await pool.query("select 1 from shiftwork_outbox.entry where kind = 'job'");
    expect(jobs.rowCount).toBe(4 * (found?.users ?? 0));
  } finally {
    await pool.end();
    await database.drop();
  }
}, 60_000);
