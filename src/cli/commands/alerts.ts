import { Environment } from '../../config/index.ts';
import { alertSender, readAlertSettings, readAlerts, testMessage } from '../../standing/index.ts';
import { type Command, parseCommand, table, UsageError } from '../../command/index.ts';
import { withEngine } from '../../boot/engine/index.ts';
import { onRecord } from '../../boot/record/index.ts';

const USAGE = 'shiftwork alerts [list|test] [--json]';

/** What people were told and what is about to be; and one message to see that they arrive. */
export const alerts: Command = {
  usage: USAGE,
  async run(args, terminal) {
    const { positionals, json } = parseCommand(args, {}, { min: 0, max: 1 });
    const [verb = 'list'] = positionals;
    if (verb === 'test') {
      const environment = new Environment(terminal.variables);
      const settings = readAlertSettings(environment);
      if (settings === undefined)
        environment.problem('Expected ALERT_WEBHOOK_URL to be set: it is where the test message goes.');
      environment.check();
      if (settings === undefined) return 1;
      const send = alertSender(settings);
      await withEngine(terminal.variables, engine =>
        onRecord(terminal, engine, { command: 'alerts test', what: 'send a test alert' }, () =>
          send(testMessage(Date.now())),
        ),
      );
      terminal.print(json ? JSON.stringify({ sent: true }) : 'sent, and taken by the webhook');
      return 0;
    }
    if (verb !== 'list') throw new UsageError(`Expected list or test, found "${verb}".`);
    const known = await withEngine(terminal.variables, readAlerts);
    if (json) terminal.print(JSON.stringify(known));
    else if (known.length === 0)
      terminal.print('nothing is wrong, as a supervisor or dashboard with ALERT_WEBHOOK_URL has judged last');
    else {
      const rows = known.map(({ kind, told, since, text }) => ({
        told: told ? 'told' : 'not yet',
        kind,
        since: new Date(since).toISOString(),
        text,
      }));
      for (const line of table(rows)) terminal.print(line);
    }
    return 0;
  },
};
