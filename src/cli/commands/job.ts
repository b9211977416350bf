import type { Command } from '../command.ts';
import { parseCommand } from '../parse.ts';
import { visible, when } from '../table.ts';
import { withClient } from '../with-engine.ts';

export const job: Command = {
  name: 'job',
  summary: 'the state, attempts and errors of one job',
  usage: 'shiftwork job ID [--json]',
  async run(args, terminal) {
    const { positionals, json } = parseCommand(args, {}, { min: 1, max: 1 });
    const [id = ''] = positionals;
    const view = await withClient(terminal.variables, client => client.job(id));
    if (view === undefined) {
      terminal.complain(`No job "${visible(id).slice(0, 200)}" is known: it never was, or it is past its retention.`);
      return 1;
    }
    if (json) {
      terminal.print(JSON.stringify(view));
      return 0;
    }
    terminal.print(`${view.name} in ${view.queue}: ${view.state}`);
    terminal.print(`attempts     ${view.attemptsMade} of ${view.attempts}`);
    terminal.print(`correlation  ${visible(view.correlationId)}`);
    terminal.print(`enqueued     ${when(view.enqueuedAt)}`);
    terminal.print(`started      ${when(view.startedAt)}`);
    terminal.print(`finished     ${when(view.finishedAt)}`);
    for (const [index, error] of view.errors.entries()) {
      terminal.print(`error ${index + 1}      ${visible(error.split('\n', 1)[0])}`);
    }
    if (view.state === 'dead' && view.lastError !== undefined)
      terminal.print(`ended with   ${visible(view.lastError)}`);
    return 0;
  },
};
