import type { Terminal } from './command.ts';
import { visible } from './table.ts';

/** Who runs the command, as it is kept in the history of what they act on. */
export function operator({ variables }: Pick<Terminal, 'variables'>): string {
  return `cli:${visible(variables['USER'] ?? variables['LOGNAME'] ?? 'unknown').slice(0, 60)}`;
}
