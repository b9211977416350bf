import { hashPassword } from '../../config/index.ts';
import { type Command, parseCommand, UsageError } from '../../command/index.ts';

export const users: Command = {
  usage: 'shiftwork users hash [--json]',
  details: [
    'At a terminal the password is asked for and not shown; else the first line of standard input is taken.',
    '',
  ],
  takesApp: false,
  async run(args, terminal) {
    const { positionals, json } = parseCommand(args, {}, { min: 1, max: 1 }, ['app']);
    if (positionals[0] !== 'hash')
      throw new UsageError(`Expected "users hash", got "users ${(positionals[0] ?? '').slice(0, 40)}".`);
    const hash = await hashPassword(await terminal.readSecret('Password: '));
    terminal.print(json ? JSON.stringify({ hash }) : hash);
    return 0;
  },
};
