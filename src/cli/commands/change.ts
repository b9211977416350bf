import { loadApp } from '../../boot/index.ts';
import { withClient } from '../../boot/engine/index.ts';
import { onRecord } from '../../boot/record/index.ts';
import { InvalidPayloadError, PayloadTooLargeError, type Priority } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { ReplayRefusedError, UpdateRefusedError } from '../../queue/index.ts';
import {
  type Command,
  operator,
  parseCommand,
  type Terminal,
  UsageError,
  visible,
  wrongWord,
} from '../../command/index.ts';
import { parseJson } from './parse-json.ts';

const DATA =
  "--data JSON|-         what it is to run with, whole; - reads it from standard input, where others can't see it";

/** Changes a job that waits. */
export const update: Command = {
  usage: 'shiftwork update ID [--data JSON|-] [--at TIME|now] [--priority high|normal|low] [--app PATH] [--json]',
  details: [
    'For a job that waits: for its turn, its time, its next attempt, a limit or a pause. What is left out stays.',
    DATA,
    '--at TIME             when it starts at the earliest, such as 2030-01-01T08:00:00Z; now: as soon as it is its turn',
    '--priority low        high, normal or low: it goes behind those that have the same one',
    'ID is QUEUE/ID for a job of another program. Exit 1 where it cannot be changed, with the reason.',
    '',
  ],
  async run(args, terminal) {
    const options = { data: { type: 'string' }, at: { type: 'string' }, priority: { type: 'string' } } as const;
    const parsed = parseCommand(args, options, { min: 1, max: 1 });
    const [id = ''] = parsed.positionals;
    const app = await loadApp(parsed.app);
    const [data, at, priority] = [
      await dataOf(parsed.text('data'), terminal),
      parsed.text('at'),
      parsed.text('priority'),
    ];
    const change = {
      ...(data !== undefined && { data }),
      ...(at !== undefined && { at: timeOf(at) }),
      // Checked where jobs are updated.
      ...(priority !== undefined && { priority: priority as Priority }),
    };
    return doing(terminal, async () => {
      const action = {
        command: 'update',
        what: `change ${Object.keys(change).join(', ') || 'nothing'} of a job`,
        on: id,
      };
      const done = await withClient(
        terminal.variables,
        (client, engine) => onRecord(terminal, engine, action, () => client.update(id, change)),
        app,
      );
      if (parsed.json) terminal.print(JSON.stringify({ ...done, changed: Object.keys(change) }));
      else terminal.print(`${visible(done.id)}: ${Object.keys(change).join(', ')} changed`);
    });
  },
};

/** Runs a job again that has ended. */
export const replay: Command = {
  usage: 'shiftwork replay ID [--data JSON|-] [--app PATH] [--json]',
  details: [
    'For a job that has ended, however it did. As it is, it keeps its id and what its steps have stored; with other data',
    'a new job takes its place. Many dead letters at once: shiftwork dead-letters replay.',
    DATA,
    'ID is QUEUE/ID for a job of another program. Exit 1 where it cannot be replayed, with the reason.',
    '',
  ],
  async run(args, terminal) {
    const parsed = parseCommand(args, { data: { type: 'string' } }, { min: 1, max: 1 });
    const [id = ''] = parsed.positionals;
    const app = await loadApp(parsed.app);
    const data = await dataOf(parsed.text('data'), terminal);
    const how = { by: operator(terminal), ...(data !== undefined && { data }) };
    return doing(terminal, async () => {
      const what = data === undefined ? 'replay a job' : 'replay a job with other data';
      const done = await withClient(
        terminal.variables,
        (client, engine) =>
          onRecord(terminal, engine, { command: 'replay', what, on: id }, () => client.replay(id, how)),
        app,
      );
      if (parsed.json) terminal.print(JSON.stringify(done));
      else if (done.replayOf === undefined) terminal.print(`${visible(done.id)} is queued again`);
      else terminal.print(`${visible(done.id)} is queued in the place of ${visible(done.replayOf)}`);
      if (!parsed.json && done.skips.length > 0)
        terminal.print(`it will not do again: ${visible(done.skips.join(', '))}`);
    });
  },
};

async function dataOf(text: string | undefined, terminal: Terminal): Promise<unknown> {
  if (text === undefined) return undefined;
  return parseJson(text === '-' ? await terminal.readInput() : text);
}

/** @throws UsageError */
function timeOf(text: string): Date {
  if (text === 'now') return new Date(0);
  const at = new Date(text);
  if (Number.isFinite(at.getTime()) && /^\d{4}-\d{2}-\d{2}/.test(text)) return at;
  throw wrongWord('--at to be now, or a time such as 2030-01-01T08:00:00Z', text, ['now']);
}

async function doing(terminal: Terminal, act: () => Promise<void>): Promise<0 | 1> {
  try {
    await act();
    return 0;
  } catch (error) {
    if (error instanceof ReplayRefusedError || error instanceof UpdateRefusedError) {
      terminal.complain(error.message);
      return 1;
    }
    const isWrongUse =
      error instanceof InvalidPayloadError ||
      error instanceof InvalidOptionsError ||
      error instanceof PayloadTooLargeError;
    if (!isWrongUse) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
