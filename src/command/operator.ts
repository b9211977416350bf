import { userInfo } from 'node:os';
import { Environment } from '../config/index.ts';
import type { Terminal } from './command.ts';
import { visible } from './table.ts';

/** Behind sudo the first of them, or the account is root for everybody. */
const ACCOUNT = ['SUDO_USER', 'USER', 'LOGNAME'];

/**
 * Who runs the command, as it is kept in the history of what they act on and in the audit: the name that they give, else that of their account, also
 * behind sudo. Whoever has the engine's address may call themselves what they like: it is for those who look, and proves nothing.
 */
export function operator({ variables }: Pick<Terminal, 'variables'>): string {
  const environment = new Environment(variables);
  const names = [environment.string('SHIFTWORK_OPERATOR'), ...ACCOUNT.map(name => variables[name])];
  const given = names.map(name => name?.trim()).find(Boolean);
  return `cli:${visible(given ?? accountName()).slice(0, 60)}`;
}

/** In a container nothing of the environment says it, and the account may have no name. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
