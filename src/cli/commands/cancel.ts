import { cancelJob } from '../../queue/index.ts';
import { type Command, operator, parseCommand, visible } from '../../command/index.ts';
import { withEngine } from '../../boot/engine/index.ts';
import { onRecord } from '../../boot/record/index.ts';

export const cancel: Command = {
  usage: 'shiftwork cancel ID [--reason TEXT] [--json]',
  details: [
    'A job that waits is not begun; one that runs is told to stop within about a second. ID is QUEUE/ID for a job of another',
    'program. Exit 1 when it has ended.',
    '',
  ],
  takesApp: false,
  async run(args, terminal) {
    const parsed = parseCommand(args, { reason: { type: 'string' } }, { min: 1, max: 1 }, ['app']);
    const [id = ''] = parsed.positionals;
    const mark = { reason: parsed.text('reason') ?? 'no longer wanted', by: operator(terminal) };
    const action = { command: 'cancel', what: 'cancel jobs', on: id, reason: parsed.text('reason') };
    const answer = await withEngine(terminal.variables, engine =>
      onRecord(
        terminal,
        engine,
        action,
        () => cancelJob(engine, id, mark),
        given => ({ matched: 1, done: given === 'requested' ? 1 : 0 }),
      ),
    );
    if (parsed.json) terminal.print(JSON.stringify({ id, answer }));
    else if (answer === 'requested') terminal.print(`${id} will end as cancelled`);
    else if (answer === 'ended') terminal.complain(`${visible(id).slice(0, 200)} has ended already.`);
    else terminal.complain(`No job "${visible(id).slice(0, 200)}" is known.`);
    return answer === 'requested' ? 0 : 1;
  },
};
