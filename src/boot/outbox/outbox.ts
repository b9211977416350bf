import { openDatabase } from '../open-database.ts';
import { Environment } from '../../config/index.ts';
import { openEngine } from '../../engine/index.ts';
import { readOutboxStatus, reconcile } from '../../outbox/index.ts';
import { type Command, lengthOf, parseCommand, wrongWord } from '../../command/index.ts';
import { readOutboxSettings } from './index.ts';
import { onRecord } from '../record/index.ts';
import { unrecordedHosts } from './unrecorded-hosts.ts';

export const outbox: Command = {
  usage: 'shiftwork outbox status|reconcile [--anyway] [--json]',
  details: [
    'status     what is committed and not sent, sent and not ended, and what can never be sent',
    'reconcile  after the engine has lost data: sends every job again that has not ended, and none that has; safe to repeat.',
    '           A relay has to run: it does the sending. Refused where workers end jobs without recording it (they lack',
    '           DATABASE_URL); --anyway does it all the same: what they ended may run once more.',
    '',
  ],
  takesApp: false,
  async run(args, terminal) {
    const parsed = parseCommand(args, { anyway: { type: 'boolean' } }, { min: 1, max: 1 }, ['app']);
    const { positionals, json } = parsed;
    const [what] = positionals;
    if (what !== 'status' && what !== 'reconcile') {
      throw wrongWord('"status" or "reconcile" after outbox', what, ['status', 'reconcile']);
    }
    const environment = new Environment(terminal.variables);
    const { database, engineUrl, namespace, secrets } = readOutboxSettings(environment);
    environment.check();
    const pool = await openDatabase(database, 1);
    try {
      if (what === 'status') {
        const status = await readOutboxStatus(pool, namespace);
        if (json) terminal.print(JSON.stringify(status));
        else {
          const { pending, oldestMs, unfinished, stuck } = status;
          terminal.print(`to send     ${pending}${pending > 0 ? `, the oldest for ${lengthOf(oldestMs)}` : ''}`);
          terminal.print(`unfinished  ${unfinished}`);
          for (const { id, name, reason } of stuck) terminal.print(`stuck       ${name} ${id}: ${reason}`);
        }
        return 0;
      }
      const engine = openEngine({ url: engineUrl, role: 'producer', namespace, secrets });
      try {
        const anyway = parsed.flag('anyway');
        const unrecorded = await unrecordedHosts(engine);
        const action = { command: 'outbox reconcile', what: 'reconcile the outbox', on: anyway ? 'anyway' : undefined };
        const result = await onRecord(
          terminal,
          engine,
          { ...action, long: true },
          () => reconcile(pool, engine, namespace, { unrecorded, anyway }),
          done => ({ matched: done.checked, done: done.again }),
        );
        const { checked, ended, alive, again } = result;
        if (json) terminal.print(JSON.stringify(result));
        else
          terminal.print(`checked ${checked}: ${again} are sent again, ${alive} are in the engine, ${ended} had ended`);
        return 0;
      } finally {
        await engine.close(1_000);
      }
    } finally {
      await pool.end();
    }
  },
};
