import { hashPassword } from '../../config/index.ts';
import type { Command } from '../command.ts';
import { parseCommand } from '../parse.ts';
import { UsageError } from '../usage-error.ts';

export const users: Command = {
  name: 'users',
  summary: 'hash: read a password on standard input, print its hash for DASHBOARD_USERS',
  usage: 'shiftwork users hash < FILE',
  async run(args, terminal) {
    const [action] = parseCommand(args, {}, { min: 1, max: 1 }).positionals;
    if (action !== 'hash') throw new UsageError(`Expected hash, got "${action}".`);
    const password = (await terminal.readInput()).replace(/\r?\n$/, '');
    terminal.print(await hashPassword(password));
    return 0;
  },
};
