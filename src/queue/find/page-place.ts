import { isRunCursor } from '../../journal/index.ts';
import { TIME_DIGITS } from '../ids/job-id.ts';

/** Where a page of a search begins: among the jobs that the engine has, or in the journal. */
export type PagePlace =
  | {
      readonly in: 'engine';
      /** Behind jobs that were made then; undefined: at the newest. */ readonly before: string | undefined;
    }
  | { readonly in: 'journal'; readonly cursor: string | undefined };

/** The beginning of the journal, behind the last job that the engine has. */
export const JOURNAL_BEGIN = 'ended';

export function enginePage(before: string): string {
  return `j${Buffer.from(before).toString('base64url')}`;
}

/** Undefined for one that no search has answered, such as what somebody has typed: it would lead to another place than they mean. */
export function placeOfPage(cursor: string | undefined): PagePlace | undefined {
  if (cursor === undefined) return { in: 'engine', before: undefined };
  if (cursor === JOURNAL_BEGIN) return { in: 'journal', cursor: undefined };
  if (isRunCursor(cursor)) return { in: 'journal', cursor };
  const [, written] = /^j([\w-]{1,1400})$/.exec(cursor) ?? [];
  if (written === undefined) return undefined;
  const before = Buffer.from(written, 'base64url').toString();
  return MADE.test(before) && enginePage(before) === cursor ? { in: 'engine', before } : undefined;
}

/** As `madeAt` writes it. */
const MADE = /^[- ]./su;

/** Behind the queue an id says when it was made: so jobs of several queues have one order. Those of other programs, `QUEUE/ID`, come last. */
export function madeAt(queue: string, id: string): string {
  return id.startsWith(`${queue}-`) ? id.slice(queue.length) : ` ${id}`;
}

/** The time in it, in milliseconds; undefined in that of another program's id. */
export function madeAtMs(made: string): number | undefined {
  const ms = Number.parseInt(made.slice(1, 1 + TIME_DIGITS), 36);
  return made.startsWith('-') && Number.isFinite(ms) ? ms : undefined;
}
