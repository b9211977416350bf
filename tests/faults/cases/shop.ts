import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { openEngine } from '../../../src/engine/index.ts';
import { startProcess } from '../../support/child-process.ts';
import { freePort } from '../../support/free-port.ts';
import { program } from '../../support/programs.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { FaultCase } from '../case.ts';

const SHOP = program('examples/shop/main.ts');
/** Each signs up again and again, so that some are under way, at whatever line that is, when the shop is killed. */
const CLIENTS = 12;
/** The shop is killed after at most so many answers. */
const MOST_ANSWERS = 40;

const killedAtSignUp: FaultCase = {
  number: 29,
  title: 'the shop is killed at random moments of sign-ups, 50 of them in the long form',
  engines: ['postgres'],
  // Each has its 50 moments.
  seedsAtMost: 2,
  async run(trial) {
    const kills = trial.scale === 1 ? 4 : 50;
    const pool = new Pool({ connectionString: trial.engine.url });
    pool.on('error', () => undefined);
    // Where the shop's queues are: without them it has nothing to promise, and answers no sign-up.
    const queues = openEngine({ url: trial.engine.url, role: 'producer' });
    let asked = 0;
    let answered = 0;
    try {
      await queues.migrate();
      for (let kill = 0; kill < kills; kill += 1) {
        const port = await freePort();
        const env = { PORT: String(port), DATABASE_URL: trial.engine.url, LOG_LEVEL: 'info' };
        const shop = startProcess(SHOP, { env });
        await shop.line(/the shop is open/);
        const since = answered;
        const signUps = async (): Promise<never> => {
          for (;;) {
            asked += 1;
            const answer = await fetch(`http://127.0.0.1:${port}/signup`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ email: `u${asked}@example.com`, name: 'Ada' }),
            });
            await answer.text();
            // A shop that cannot keep up says so, and is asked again.
            if (answer.status === 202) answered += 1;
          }
        };
        const asking = Array.from({ length: CLIENTS }, () => signUps().catch(() => undefined));
        // A moment among the answers, however fast this machine gives them.
        const answers = trial.between(0, MOST_ANSWERS);
        try {
          await waitFor('the shop to answer', () => answered - since >= answers);
          await pause(trial.between(0, 10));
        } finally {
          shop.kill('SIGKILL');
        }
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
        ...(users > 0 && users < asked ? [] : [`no sign-up was interrupted: ${users} of ${asked}`]),
      ];
    } finally {
      await Promise.all([pool.end(), queues.close()]);
    }
  },
};

export const shopFaults: readonly FaultCase[] = [killedAtSignUp];
