import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'pg';
import { startProcess } from '../../support/child-process.ts';
import { freePort } from '../../support/free-port.ts';
import type { FaultCase } from '../case.ts';

const SHOP = fileURLToPath(new URL('../../../examples/shop/main.ts', import.meta.url));
/** More than it can answer before it is killed, so that some are under way at whatever line that is. */
const ASKING = 150;

const killedAtSignUp: FaultCase = {
  number: 29,
  title: 'the shop is killed at random moments of sign-ups, 50 of them in the long form',
  engines: ['postgres'],
  // Each has its 50 moments.
  seedsAtMost: 2,
  async run(trial) {
    const kills = trial.scale === 1 ? 8 : 50;
    const pool = new Pool({ connectionString: trial.engine.url });
    pool.on('error', () => undefined);
    let answered = 0;
    try {
      for (let kill = 0; kill < kills; kill += 1) {
        const port = await freePort();
        const env = { PORT: String(port), DATABASE_URL: trial.engine.url, LOG_LEVEL: 'info' };
        const shop = startProcess(SHOP, { env });
        await shop.line(/the shop is open/);
        const signUp = async (index: number): Promise<void> => {
          const answer = await fetch(`http://127.0.0.1:${port}/signup`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ email: `u${kill}-${index}@example.com`, name: 'Ada' }),
          });
          await answer.text();
          if (answer.status === 202) answered += 1;
        };
        const asking = Array.from({ length: ASKING }, (_, index) => signUp(index).catch(() => undefined));
        await pause(trial.between(20, 140));
        shop.kill('SIGKILL');
        await Promise.all(asking);
        await shop.ended;
      }
      const { rows } = await pool.query<{ users: number; whole: number; events: number; jobs: number }>(`
        select (select count(*)::int from shop_users) as users,
               (select count(*)::int from shop_users u
                where (select count(*) from shiftwork_outbox.entry where kind = 'event' and id = 'registered-' || u.id) = 1
              ) as whole,
               (select count(*)::int from shiftwork_outbox.entry where kind = 'event') as events,
               (select count(*)::int from shiftwork_outbox.entry where kind = 'job') as jobs`);
      const [found = { users: 0, whole: 0, events: 0, jobs: 0 }] = rows;
      const { users, whole, events, jobs } = found;
      trial.measured.jobs = jobs;
      trial.measured.lost = users - whole;
      // No relay has run: every event that was written is still there, and every job, sent or not.
      return [
        ...(whole === users ? [] : [`L: ${users - whole} of ${users} users have no event`]),
        ...(events === users ? [] : [`P: ${events} events of ${users} users`]),
        ...(jobs === 4 * users ? [] : [`L: ${jobs} jobs of ${users} users`]),
        ...(users >= answered ? [] : [`L: ${answered} were answered, ${users} are there`]),
        ...(users > 0 && users < kills * ASKING ? [] : [`no sign-up was interrupted: ${users} of ${kills * ASKING}`]),
      ];
    } finally {
      await pool.end();
    }
  },
};

export const shopFaults: readonly FaultCase[] = [killedAtSignUp];
