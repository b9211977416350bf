import { withClient } from '../../boot/engine/index.ts';
import { type Command, parseCommand, table, UsageError, visible, when } from '../../command/index.ts';

const LIMIT = 50;
const MOST = 200;

export const find: Command = {
  usage: 'shiftwork find --tag NAME=VALUE... [--queue QUEUE] [--limit N] [--json]',
  details: [
    'The jobs that carry all of these tags, of every contract and queue, the newest first: while they wait, run, and',
    'after their end until they are gone. docs/guides/finding.md says how a contract names its tags. Exit 1 when there',
    'is none.',
    '',
  ],
  takesApp: false,
  async run(args, terminal) {
    const options = {
      tag: { type: 'string', multiple: true },
      queue: { type: 'string' },
      limit: { type: 'string' },
    } as const;
    const { texts, text, json } = parseCommand(args, options, { min: 0, max: 0 }, ['app']);
    const tag = tagsIn(texts('tag'));
    const queue = text('queue');
    const limit = Number(text('limit') ?? LIMIT);
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
      throw new UsageError(`Expected --limit to be a whole number from 1 to ${MOST}.`);
    }
    const found = await withClient(terminal.variables, client =>
      client.find({ tag, limit, ...(queue !== undefined && { queue }) }),
    );
    if (json) terminal.print(JSON.stringify(found));
    else {
      const rows = found.jobs.map(({ id, name, state, waitsFor, enqueuedAt, attemptsMade }) => ({
        job: id,
        contract: visible(name),
        state: waitsFor === undefined ? state : `${state} (${waitsFor.for})`,
        attempts: attemptsMade,
        enqueued: when(enqueuedAt),
      }));
      for (const line of table(rows)) terminal.print(line);
      if (found.more) terminal.print(`There are more than these ${found.jobs.length}: --limit shows up to ${MOST}.`);
    }
    if (found.jobs.length > 0) return 0;
    // The value may be a person's: it is not repeated.
    terminal.complain(
      `No job carries ${Object.keys(tag)
        .map(name => `this ${name}`)
        .join(' and ')}.`,
    );
    return 1;
  },
};

/** @throws UsageError */
function tagsIn(words: readonly string[]): Readonly<Record<string, string>> {
  if (words.length === 0) throw new UsageError('Expected at least one --tag NAME=VALUE.');
  return Object.fromEntries(
    words.map(word => {
      const at = word.indexOf('=');
      if (at < 1 || at === word.length - 1) throw new UsageError('Expected --tag as NAME=VALUE, such as user=u-1.');
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}
