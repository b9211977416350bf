import { type Command, parseCommand, visible, when } from '../../command/index.ts';
import { withClient } from '../../boot/engine/index.ts';

export const job: Command = {
  usage: 'shiftwork job ID [--json]',
  details: ['Without its data. Exit 1 when no such job is known.', ''],
  takesApp: false,
  async run(args, terminal) {
    const { positionals, json } = parseCommand(args, {}, { min: 1, max: 1 }, ['app']);
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
    const say = (label: string, value: unknown): void => terminal.print(`${label.padEnd(12)} ${visible(value)}`);
    terminal.print(`${visible(view.name)} in ${view.queue}: ${view.state}`);
    say('attempts', `${view.attemptsMade} of ${view.attempts}`);
    say('correlation', view.correlationId);
    say('enqueued', when(view.enqueuedAt));
    say('started', when(view.startedAt));
    say('finished', when(view.finishedAt));
    for (const [index, error] of view.errors.entries()) say(`error ${index + 1}`, error.split('\n', 1)[0]);
    if (view.state === 'dead') say('ended with', view.lastError);
    return 0;
  },
};
